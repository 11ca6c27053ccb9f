// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/inspect/difference.h"
#include "builder/inspect/image_sbom.h"
#include "builder/inspect/inspection.h"
#include "builder/inspect/page.h"
#include "builder/inspect/text_report.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"

namespace kata::cli {
namespace {

struct InspectOptions {
  std::vector<std::string> images;
  bool json = false;
  bool sbom = false;
  bool difference = false;
  std::string page;
  inspect::ReportOptions report;
};

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw_error(Code::unavailable, "write the answer to standard output");
}

std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// As diff(1): 0 is the same, 1 differs, 2 is trouble.
int run_difference(const InspectOptions& options) {
  constexpr int kTrouble = 2;
  try {
    pipeline::InterruptibleRunner runner;
    const inspect::Inspection before = inspect::inspect_image(options.images[0], runner);
    const inspect::Inspection after = inspect::inspect_image(options.images[1], runner);
    const inspect::Difference difference = inspect::compare(before, after);
    print(options.json ? json_text(inspect::json_of(difference))
                       : inspect::text_of(difference, options.report.rows));
    return difference.is_empty() ? 0 : 1;
  } catch (const Error& error) {
    if (pipeline::interrupted_by() != 0) throw;
    report_error(error.what());
    return kTrouble;
  }
}

void check_options(const InspectOptions& options) {
  const int answers = int{options.json} + int{options.sbom} + int{!options.page.empty()};
  if (answers > 1 || (options.difference && (options.sbom || !options.page.empty())))
    throw_error(Code::invalid_argument,
                "--json, --sbom and --html exclude each other; --diff goes with --json only");
  if (options.difference && options.images.size() != 2)
    throw_error(Code::invalid_argument, "inspect --diff takes two images");
  if (!options.difference && options.images.size() != 1)
    throw_error(Code::invalid_argument, "inspect takes one image; two with --diff");
}

int run_inspect(InspectOptions options) {
  check_options(options);
  for (std::string& image : options.images) image = absolute_path(image);
  if (options.difference) return run_difference(options);
  pipeline::InterruptibleRunner runner;
  const inspect::Inspection found = inspect::inspect_image(options.images[0], runner);
  if (options.json) {
    print(json_text(inspect::json_report(found)));
  } else if (options.sbom) {
    print(inspect::image_sbom(found));
  } else if (!options.page.empty()) {
    write_file_atomic(absolute_path(options.page), inspect::inspection_page(found));
  } else {
    print(inspect::text_report(found, options.report));
  }
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  const auto options = std::make_shared<InspectOptions>();
  CLI::App* verb = app.add_subcommand(
      "inspect", "Show what is in a guest image: files, packages, what takes the space");
  verb->add_option("image", options->images, "the image's file; two with --diff")
      ->type_name("PATH...")
      ->required();
  verb->add_flag(
      "--diff", options->difference,
      "what the second image has other than the first; status 1 when there is something");
  verb->add_flag("--sbom", options->sbom, "a bill of materials in SPDX 2.3");
  verb->add_option("--html", options->page, "write a page with a map of what takes the space")
      ->type_name("FILE");
  verb->add_flag("--json", options->json, "everything, every file included, as JSON");
  verb->add_flag("--packages", options->report.list_packages, "list each package");
  verb->add_option("--rows", options->report.rows, "rows of each table; 0: all")
      ->type_name("N")
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_inspect(*options); }; });
}

}  // namespace kata::cli
