// SPDX-License-Identifier: Apache-2.0
//
// config.json of a bundle: what is taken must be rendered and read again as the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/oci/spec.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string once = oci::spec_json(oci::parse_config(text, "config.json"));
    if (oci::spec_json(oci::parse_config(once, "config.json")) != once) __builtin_trap();
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
