// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/session.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <thread>

#include "runtime/base/path.h"

namespace kata::cli {

void add_session_options(CLI::App& verb, SessionOptions& options) {
  verb.add_option("--cache", options.cache,
                  "folder of the build cache (default: $XDG_CACHE_HOME/katabuild)")
      ->type_name("DIR");
  verb.add_option("--progress", options.progress, "auto, tty, plain or none")
      ->type_name("MODE")
      ->capture_default_str();
}

std::string absolute_path(const std::string& path) {
  if (!path.empty() && path.front() == '/') return clean_path(path);
  return clean_path(join_path(std::filesystem::current_path().string(), path));
}

Session::Session(const SessionOptions& options)
    : progress_(pipeline::progress_mode_from_name(options.progress)),
      cache_(options.cache.empty() ? pipeline::default_cache_folder()
                                   : absolute_path(options.cache)),
      context_{.cache = cache_,
               .runner = runner_,
               .progress = progress_,
               .source_date_epoch = pipeline::source_date_epoch_from_environment(),
               .jobs = options.jobs > 0 ? options.jobs
                                        : std::max(1U, std::thread::hardware_concurrency()),
               .keep_build = options.keep_build} {}

}  // namespace kata::cli
