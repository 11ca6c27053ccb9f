// SPDX-License-Identifier: Apache-2.0
//
// Small trees in memory, and what an action on them says when it fails.
#pragma once

#include <functional>
#include <string>

#include "builder/rootfs/tree.h"
#include "runtime/base/error.h"

namespace kata::rootfs {

inline void add_link(Tree& tree, const std::string& path, const std::string& target) {
  tree.put(make_symlink(path, target));
}

inline void add_file(Tree& tree, const std::string& path, const std::string& text = "text",
                     unsigned mode = 0644) {
  tree.put(make_text_file(path, text, mode));
}

inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace kata::rootfs
