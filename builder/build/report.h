// SPDX-License-Identifier: Apache-2.0
//
// What a build did: report.json for programs, report.html for people, the next one compares itself
// with the last.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace kata::build {

enum class StageState { up_to_date, built, failed, not_run };

/// "up to date", "built", "failed", "not run".
[[nodiscard]] const char* state_name(StageState state) noexcept;

struct StageRecord {
  std::string name;
  StageState state = StageState::not_run;
  double seconds = 0;
  std::string detail;
  std::string error;  ///< why it failed
};

/// A result, by its path below the output folder.
struct Output {
  std::string path;
  std::string sha256;
  std::uint64_t size = 0;
};

struct Report {
  std::string name;
  std::string recipe;
  std::int64_t began = 0;  ///< seconds since 1970
  double seconds = 0;
  Json options;  ///< of the command line
  std::vector<StageRecord> stages;
  std::vector<Output> outputs;
};

/// One result against the last build's.
struct Change {
  std::string path;
  std::string what;  ///< "new", "changed", "gone"
  std::uint64_t size = 0;
  std::int64_t growth = 0;  ///< bytes
};

/// Compares by path and digest with a report.json of before; everything is new when `before` is
/// null or no report.
[[nodiscard]] std::vector<Change> changes_since(const Json& before, const Report& report);
/// report.json.
[[nodiscard]] Json to_json(const Report& report, const std::vector<Change>& changes);
/// report.html: one page without scripts.
[[nodiscard]] std::string report_page(const Report& report, const std::vector<Change>& changes);
/// Writes both into `folder`. Throws Error.
void write_report(const Report& report, const std::string& folder);

}  // namespace kata::build
