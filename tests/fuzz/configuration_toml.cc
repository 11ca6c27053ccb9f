// SPDX-License-Identifier: Apache-2.0
//
// configuration.toml and its drop-ins.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/config/load.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // toml++ 3.3 runs into unreachable code for some characters beyond ASCII, where GCC goes on as
  // one would want.
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return 0;
  try {
    config::Config config;
    config::apply_toml(config, text, "configuration.toml");
    config::check_config(config);
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
