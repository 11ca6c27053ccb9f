// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/verify.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/cli/verify_repo.h"
#include "builder/pipeline/interrupt.h"
#include "builder/repo/verify_repo.h"
#include "runtime/base/error.h"

namespace kata::cli {
namespace {

int verify_packages(const rpm::VerifyRequest& request) {
  pipeline::InterruptibleRunner runner;
  const rpm::VerifyReport report = rpm::verify_packages(request, runner);
  for (const rpm::Finding& finding : report.findings) {
    std::fprintf(stderr, "katabuild: verify %s: %s\n", finding.path.c_str(), finding.what.c_str());
  }
  std::printf("%zu packages, %zu faults\n", report.packages, report.findings.size());
  return report.findings.empty() ? 0 : 1;
}

/// Repositories one by one, by their metadata; everything else as packages.
int run_verify(rpm::VerifyRequest request) {
  std::vector<std::string> paths;
  std::swap(paths, request.paths);
  for (std::string& key : request.keys) key = absolute_path(key);
  int status = 0;
  for (const std::string& path : paths) {
    const std::string absolute = absolute_path(path);
    if (request.digests_only || !repo::is_repository(absolute)) {
      request.paths.push_back(absolute);
      continue;
    }
    if (request.keys.size() > 1) {
      throw_error(Code::invalid_argument,
                  "verify {}: a repository is signed by one key: name one with --key", path);
    }
    status = std::max(status,
                      run_verify_repo(absolute, request.keys.empty() ? "" : request.keys.front()));
  }
  return request.paths.empty() ? status : std::max(status, verify_packages(request));
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  const auto request = std::make_shared<rpm::VerifyRequest>();
  CLI::App* verb = app.add_subcommand(
      "verify",
      "Check every signature and digest of packages and repositories; status 1 when one is wrong");
  verb->add_option("path", request->paths, "packages, folders with packages, repositories")
      ->type_name("PATH...")
      ->required();
  verb->add_option(
          "--key", request->keys,
          "public key that must have signed them (a repository: default the one at its root)")
      ->type_name("FILE...")
      ->expected(1)
      ->take_all();
  verb->add_flag("--digests-only", request->digests_only,
                 "do not ask who signed the packages, nor whether anybody did");
  verb->callback([request, &action] { action = [request] { return run_verify(*request); }; });
}

}  // namespace kata::cli
