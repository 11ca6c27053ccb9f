// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/verify_repo.h"

#include <cstdio>

#include "builder/cli/session.h"
#include "builder/pipeline/interrupt.h"
#include "builder/repo/verify_repo.h"

namespace kata::cli {

int run_verify_repo(const std::string& path, const std::string& key_file) {
  pipeline::InterruptibleRunner runner;
  const repo::VerifyReport report = repo::verify_repo(
      absolute_path(path), key_file.empty() ? "" : absolute_path(key_file), runner);
  for (const repo::Problem& problem : report.problems)
    std::printf("%s: %s\n", problem.path.c_str(), problem.what.c_str());
  if (report.key_is_from_the_repository) {
    std::fprintf(stderr, "the key is the repository's own, %s: name the one you trust with --key\n",
                 report.key.c_str());
  }
  std::printf("%zu repositories, %zu packages: %zu problems\n", report.repositories.size(),
              report.packages, report.problems.size());
  return report.problems.empty() ? 0 : 1;
}

}  // namespace kata::cli
