// SPDX-License-Identifier: Apache-2.0
//
// katabuild: parse, do the verb, print the error, exit. 0 is success, 2 a mistake in the command
// line or a recipe, 1 any other failure, 128 + N the end by signal N.
#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdio>
#include <string_view>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/completion/completion.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

int run(const kata::cli::Action& action) {
  try {
    kata::pipeline::install_interrupt_handlers();
    return action();
  } catch (const kata::Error& error) {
    kata::cli::report_error(error.what());
    if (const int signal = kata::pipeline::interrupted_by(); signal != 0) return 128 + signal;
    return error.code() == kata::Code::invalid_argument ? kUsageError : kFailure;
  } catch (const std::exception& error) {
    kata::cli::report_error(error.what());
    return kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // libarchive converts names by it
  kata::log::to_stderr(kata::log::Level::warn, "katabuild");
  CLI::App app("Builds guest kernels, images and packages for kata-runtime", "katabuild");
  kata::cli::Action action;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("katabuild ") + KATA_VERSION);
  kata::cli::add_kernel(app, action);
  kata::cli::add_image(app, action);
  kata::cli::add_build(app, action);
  kata::cli::add_rpm(app, action);
  kata::cli::add_repo(app, action);
  kata::cli::add_inspect(app, action);
  kata::cli::add_show_recipe(app, action);
  kata::cli::add_verify(app, action);
  kata::cli::add_clean(app, action);
  kata::cli::add_version(app, action);
  if (argc > 1 && argv[1] == std::string_view(kata::completion::kVerb)) {
    std::fputs(kata::completion::complete(app, {argv + 2, argv + argc}, {}).c_str(), stdout);
    return 0;
  }
  if (argc == 2 && argv[1] == std::string_view(kata::cli::kEnterSandbox))
    return kata::cli::enter_sandbox();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  return run(action);
}
