// SPDX-License-Identifier: Apache-2.0
//
// What every stage needs besides its inputs: where to work, who runs programs, whom to tell. The
// only mutable state of a build; recipes stay const.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "builder/pipeline/cache.h"
#include "builder/pipeline/progress.h"
#include "runtime/base/command.h"

namespace kata::pipeline {

struct Context {
  Cache& cache;
  CommandRunner& runner;
  Progress& progress;
  std::optional<std::int64_t>
      source_date_epoch;  ///< from the environment; wins over the recipe's timestamp
  unsigned jobs = 1;
  bool keep_build = false;
  bool offline = false;  ///< nothing may be downloaded
};

/// SOURCE_DATE_EPOCH, or nothing. Throws Error(invalid_argument) when it is no number.
[[nodiscard]] std::optional<std::int64_t> source_date_epoch_from_environment();
/// The moment that goes into artifacts.
[[nodiscard]] std::int64_t build_time(const Context& context, std::int64_t recipe_timestamp);

}  // namespace kata::pipeline
