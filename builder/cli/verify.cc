// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/verify.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/pipeline/interrupt.h"

namespace kata::cli {

void add_verify(CLI::App& app, Action& action) {
  const auto request = std::make_shared<rpm::VerifyRequest>();
  CLI::App* verb = app.add_subcommand(
      "verify", "Check every signature and digest of packages; status 1 when one is wrong");
  verb->add_option("path", request->paths, "packages, or folders with packages")
      ->type_name("PATH...")
      ->required();
  verb->add_option("--key", request->keys, "public key that must have signed them")
      ->type_name("FILE...")
      ->expected(1)
      ->take_all();
  verb->add_flag("--digests-only", request->digests_only,
                 "do not ask who signed the packages, nor whether anybody did");
  verb->callback([request, &action] {
    action = [request] {
      rpm::VerifyRequest absolute = *request;
      for (std::string& path : absolute.paths) path = absolute_path(path);
      for (std::string& path : absolute.keys) path = absolute_path(path);
      pipeline::InterruptibleRunner runner;
      const rpm::VerifyReport report = rpm::verify_packages(absolute, runner);
      for (const rpm::Finding& finding : report.findings)
        std::fprintf(stderr, "katabuild: verify %s: %s\n", finding.path.c_str(),
                     finding.what.c_str());
      std::printf("%zu packages, %zu faults\n", report.packages, report.findings.size());
      return report.findings.empty() ? 0 : 1;
    };
  });
}

}  // namespace kata::cli
