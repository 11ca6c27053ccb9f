// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"

namespace kata::cli {

void add_clean(CLI::App& app, Action& action) {
  struct CleanOptions {
    std::string cache;
    bool everything = false;
  };
  const auto options = std::make_shared<CleanOptions>();
  CLI::App* verb = app.add_subcommand("clean", "Empty the build cache");
  verb->add_option("--cache", options->cache,
                   "folder of the build cache (default: $XDG_CACHE_HOME/katabuild)")
      ->type_name("DIR");
  verb->add_flag("--all", options->everything, "the compiler cache too");
  verb->callback([options, &action] {
    action = [options] {
      const pipeline::Cache cache(options->cache.empty() ? pipeline::default_cache_folder()
                                                         : absolute_path(options->cache));
      cache.clean(options->everything);
      return 0;
    };
  });
}

}  // namespace kata::cli
