// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace kata::pipeline {

/// The plain structure whose bytes begin at `offset`; the caller has seen that they are there.
template <typename Record>
[[nodiscard]] Record record_at(std::string_view data, std::size_t offset) {
  Record record{};
  std::memcpy(&record, data.data() + offset, sizeof record);
  return record;
}

}  // namespace kata::pipeline
