// SPDX-License-Identifier: Apache-2.0
//
// kernel_verity_params: what the guest's kernel needs to know of a measured root file system. One
// line of NAME=VALUE, separated by commas, with upstream's names; `katabuild image` writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kata::config {

/// A dm-verity hash tree of format 1 with SHA-256; see veritysetup(8) for the terms.
struct Verity {
  std::string root_hash{};  ///< 64 hexadecimal digits
  std::string salt{};       ///< hexadecimal; "-": none
  std::uint64_t data_blocks = 0;
  std::uint32_t data_block_size = 4096;
  std::uint32_t hash_block_size = 4096;
};

/// "root_hash=HEX,salt=HEX,data_blocks=N,data_block_size=4096,hash_block_size=4096". The block
/// sizes and the salt may be left out. Throws Error(invalid_argument) that names the part that is
/// wrong: what comes back is safe to stand in a kernel's command line.
[[nodiscard]] Verity parse_verity(std::string_view text);

}  // namespace kata::config
