// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/inspect/inspection.h"
#include "builder/inspect/text_report.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"

namespace kata::cli {
namespace {

struct InspectOptions {
  std::string image;
  bool json = false;
  inspect::ReportOptions report;
};

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw_error(Code::unavailable, "write the answer to standard output");
}

int run_inspect(const InspectOptions& options) {
  pipeline::InterruptibleRunner runner;
  const inspect::Inspection found = inspect::inspect_image(absolute_path(options.image), runner);
  if (options.json)
    print(inspect::json_report(found).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  else
    print(inspect::text_report(found, options.report));
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* verb = app.add_subcommand(
      "inspect", "Show what is in a guest image: files, packages, what takes the space");
  verb->add_option("image", options->image, "the image's file")->type_name("PATH")->required();
  verb->add_flag("--json", options->json, "everything, every file included, as JSON");
  verb->add_flag("--packages", options->report.list_packages, "list each package");
  verb->add_option("--rows", options->report.rows, "rows of each table; 0: all")
      ->type_name("N")
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_inspect(*options); }; });
}

}  // namespace kata::cli
