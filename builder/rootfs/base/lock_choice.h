// SPDX-License-Identifier: Apache-2.0
//
// What a user says about the lock file of an image's base.
#pragma once

#include <string>

namespace kata::rootfs {

enum class LockUse {
  follow,   ///< while it fits the recipe's base; else packages are chosen and a lock is written
  update,   ///< choose anew and write it
  require,  ///< fail when there is none that fits
};

struct LockChoice {
  std::string file{};  ///< empty: beside the recipe
  LockUse use = LockUse::follow;
  bool is_kept = true;  ///< false: what is chosen now is written nowhere, as for a question
};

}  // namespace kata::rootfs
