// SPDX-License-Identifier: Apache-2.0
//
// Programs and libraries of somebody's image, as the search for what they need reads them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "builder/pipeline/elf_links.h"
#include "runtime/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = [&](std::uint64_t offset, std::uint64_t count) {
    return offset < bytes.size() ? std::string(bytes.substr(offset, count)) : std::string();
  };
  try {
    const auto links = kata::pipeline::read_elf_links(read, "x");
    if (!links) return 0;
    // A name is never longer than the file that it is in
    for (const std::string& name : links->needed) {
      if (name.empty() || name.size() > size) __builtin_trap();
    }
  } catch (const kata::Error&) {  // the only way to refuse it
  }
  return 0;
}
