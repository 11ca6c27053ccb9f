// SPDX-License-Identifier: Apache-2.0
//
// Which symbols a kernel source has, and what each depends on. The kernel's own Kconfig program
// decides; this reader only explains its decisions, so it reads no more of the language than that
// takes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kata::kernel {

struct Definition {
  std::string place;        ///< "net/netfilter/Kconfig:12"
  bool has_prompt = false;  ///< else nobody can switch it on but `select` and `default`
  std::vector<std::string>
      depends;  ///< conditions, all of which must hold; those of blocks around it included
  std::vector<std::string> prompt_needs;  ///< conditions under which it may be chosen
};

struct Selection {
  std::string by;
  std::string condition;  ///< empty: always
};

struct KconfigTree {
  std::map<std::string, std::vector<Definition>> symbols;
  std::map<std::string, std::vector<Selection>> selections;  ///< by the selected symbol
};

/// Reads `Kconfig` in `folder` and all it includes, for the architecture folder `srcarch` ("x86").
/// Files that are not there are skipped. Throws Error when the top file cannot be read.
[[nodiscard]] KconfigTree read_kconfig(const std::string& folder, const std::string& srcarch);

}  // namespace kata::kernel
