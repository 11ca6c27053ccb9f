// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/session.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

bool progress_is_json = false;  ///< of the process: errors are told when the session is gone

}  // namespace

void add_session_options(CLI::App& verb, SessionOptions& options) {
  verb.add_option("--cache", options.cache,
                  "folder of the build cache (default: $XDG_CACHE_HOME/katabuild)")
      ->type_name("DIR");
  verb.add_option("--progress", options.progress, "auto, tty, plain, json or none")
      ->type_name("MODE")
      ->capture_default_str();
}

std::string absolute_path(const std::string& path) {
  if (!path.empty() && path.front() == '/') return clean_path(path);
  return clean_path(join_path(std::filesystem::current_path().string(), path));
}

void report_error(const std::string& message) {
  if (!progress_is_json) {
    std::fprintf(stderr, "katabuild: %s\n", message.c_str());
    return;
  }
  pipeline::ProgressBoard(pipeline::ProgressMode::json)
      .event({{"event", "error"}, {"message", message}});
}

Session::Session(const SessionOptions& options)
    : board_(pipeline::progress_mode_from_name(options.progress)),
      progress_(board_),
      cache_(options.cache.empty() ? pipeline::default_cache_folder()
                                   : absolute_path(options.cache)),
      context_{.cache = cache_,
               .runner = runner_,
               .progress = progress_,
               .source_date_epoch = pipeline::source_date_epoch_from_environment(),
               .jobs = options.jobs > 0 ? options.jobs
                                        : std::max(1U, std::thread::hardware_concurrency()),
               .keep_build = options.keep_build,
               .offline = options.offline} {
  progress_is_json = board_.mode() == pipeline::ProgressMode::json;
}

}  // namespace kata::cli
