// SPDX-License-Identifier: Apache-2.0
//
// The right side of "depends on" in a Kconfig file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "builder/kernel/kconfig_expression.h"
#include "runtime/base/error.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto expression = kernel::parse_expression(text);
    static_cast<void>(kernel::is_true(expression, {}));
    static_cast<void>(kernel::unmet_parts(expression, {}));
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
