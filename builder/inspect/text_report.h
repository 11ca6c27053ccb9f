// SPDX-License-Identifier: Apache-2.0
//
// An inspection for people and for machines. What the image says of itself cannot steer a terminal.
#pragma once

#include <cstddef>
#include <string>

#include "builder/inspect/inspection.h"
#include "runtime/base/json.h"

namespace kata::inspect {

struct ReportOptions {
  std::size_t rows = 15;       ///< of each table; 0: all
  bool list_packages = false;  ///< each with its version and licence
};

/// Lines for a terminal.
[[nodiscard]] std::string text_report(const Inspection& inspection, const ReportOptions& options);
/// Everything, files included.
[[nodiscard]] Json json_report(const Inspection& inspection);

}  // namespace kata::inspect
