// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/verify.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/cli/verify_build.h"
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

int run_verify_builds(const std::vector<std::string>& outputs, const RebuildRequest& request) {
  if (request.rebuild && !request.against.empty())
    throw_error(Code::invalid_argument, "--rebuild and --against exclude each other");
  int status = 0;
  for (const std::string& output : outputs)
    status = std::max(status, run_verify_build(output, request));
  return status;
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
  const auto rebuild = std::make_shared<RebuildRequest>();
  verb->add_flag("--rebuild", rebuild->rebuild,
                 "PATH is the output of katabuild build: build it again and compare");
  verb->add_option("--against", rebuild->against,
                   "PATH is the output of katabuild build: compare it with this one")
      ->type_name("DIR");
  verb->add_flag("--keep-kernel", rebuild->keep_kernel,
                 "with --rebuild: take the kernel from the cache, where it is built already");
  verb->add_option("--recipe", rebuild->recipe,
                   "with --rebuild: recipe (default: the one in the build's report)")
      ->type_name("FILE");
  verb->add_option("--scratch", rebuild->scratch, "with --rebuild: where to do it")
      ->type_name("DIR")
      ->capture_default_str();
  add_session_options(*verb, rebuild->session);
  verb->callback([request, rebuild, &action] {
    action = [request, rebuild] {
      if (rebuild->rebuild || !rebuild->against.empty())
        return run_verify_builds(request->paths, *rebuild);
      return run_verify(*request);
    };
  });
}

}  // namespace kata::cli
