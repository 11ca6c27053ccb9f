// SPDX-License-Identifier: Apache-2.0
//
// What every building verb sets up: cache, runner, progress. Options first, then one Session for
// the length of the verb.
#pragma once

#include <string>

#include "builder/pipeline/cache.h"
#include "builder/pipeline/context.h"
#include "builder/pipeline/interrupt.h"
#include "builder/pipeline/progress.h"

namespace CLI {
class App;
}

namespace kata::cli {

struct SessionOptions {
  std::string cache;  ///< empty: the default
  std::string progress = "auto";
  unsigned jobs = 0;  ///< 0: as many as there are processors
  bool keep_build = false;
  bool offline = false;
};

/// --cache and --progress.
void add_session_options(CLI::App& verb, SessionOptions& options);

class Session {
 public:
  /// Throws Error; nothing but the cache folder is made.
  explicit Session(const SessionOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  [[nodiscard]] pipeline::Context& context() noexcept { return context_; }
  [[nodiscard]] pipeline::ProgressBoard& board() noexcept { return board_; }

 private:
  pipeline::ProgressBoard board_;
  pipeline::Progress progress_;
  pipeline::Cache cache_;
  pipeline::InterruptibleRunner runner_;
  pipeline::Context context_;
};

/// Tells why the verb failed, on standard error: as an event when the session's progress is JSON.
void report_error(const std::string& message);
/// `path` made absolute by the working directory.
[[nodiscard]] std::string absolute_path(const std::string& path);

}  // namespace kata::cli
