// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/verify.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/interrupt.h"
#include "builder/rpm/packages_manifest.h"
#include "builder/rpm/rpm_tools.h"
#include "builder/signing/key_list.h"
#include "builder/signing/public_keys.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rpm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 200;  // packages per rpmkeys: a command line has its limit

std::vector<std::string> packages_of(const std::vector<std::string>& paths) {
  std::vector<std::string> packages;
  for (const std::string& path : paths) {
    if (!path_exists(path)) throw_error(Code::not_found, "verify {}: there is no such file", path);
    if (!fs::is_directory(path)) {
      packages.push_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".rpm") packages.push_back(entry.path().string());
    }
  }
  std::sort(packages.begin(), packages.end());
  packages.erase(std::unique(packages.begin(), packages.end()), packages.end());
  return packages;
}

Command rpmkeys(const std::string& database, const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {"rpmkeys", "--dbpath", database};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = rpm_environment(database, 0);
  return command;
}

/// Keys that may be trusted go into `database`; the others are findings.
void import_keys(const VerifyRequest& request, const std::string& database, CommandRunner& runner,
                 std::vector<Finding>& findings) {
  for (const std::string& path : request.keys) {
    bool usable = true;
    for (const signing::KeyFacts& key : signing::read_public_keys(path, runner)) {
      const std::string why = why_unusable(key);
      if (why.empty()) continue;
      usable = false;
      findings.push_back({path, fmt::format("{}: {}", describe(key), why)});
    }
    if (usable) run_checked(runner, rpmkeys(database, {"--import", path}));
  }
}

void check_batch(const std::vector<std::string>& batch, const VerifyRequest& request,
                 const std::string& database, CommandRunner& runner,
                 std::vector<Finding>& findings) {
  std::vector<std::string> arguments = {"--checksig", "--verbose"};
  arguments.insert(arguments.end(), batch.begin(), batch.end());
  const CommandResult result = runner.run(rpmkeys(database, arguments));
  std::map<std::string, std::vector<std::string>> by_package;
  std::vector<std::string>* current = nullptr;
  for (const std::string& line : split_text(result.output)) {
    if (line.starts_with("    ")) {
      if (current != nullptr) current->push_back(line.substr(4));
    } else {
      current = &by_package[line.substr(0, line.find_last_of(':'))];
    }
  }
  const std::vector<std::string> errors = split_text(result.error_output);
  for (const std::string& path : batch) {
    for (const std::string& what : wrong_checks(by_package[path], request.digests_only))
      findings.push_back({path, what});
    for (const std::string& error : errors) {
      const std::size_t at = error.find(path + ": ");
      if (at != std::string::npos) findings.push_back({path, error.substr(at + path.size() + 2)});
    }
  }
}

/// "kata-runtime-0.1.0-1.el9.x86_64.rpm" in two folders must be the same package.
void check_twins(const std::vector<std::string>& packages, std::vector<Finding>& findings) {
  std::map<std::string, std::string> first;
  for (const std::string& path : packages) {
    const auto [other, is_new] = first.emplace(std::string(base_name(path)), path);
    if (is_new || pipeline::sha256_of_file(other->second) == pipeline::sha256_of_file(path))
      continue;
    findings.push_back(
        {path, fmt::format("it has the name and version of {} but other bytes", other->second)});
  }
}

void check_manifest(const std::string& folder, std::vector<Finding>& findings) {
  for (const recipe::RpmArtifact& each : PackagesManifest(folder).all()) {
    const std::string& path = each.file.path;
    if (!path_exists(path)) {
      findings.push_back({path, "packages.json lists it, but it is not there"});
    } else if (const std::string found = pipeline::sha256_of_file(path);
               found != each.file.sha256) {
      findings.push_back(
          {path, fmt::format("its sha256 is {}, packages.json says {}", found, each.file.sha256)});
    }
  }
}

}  // namespace

std::vector<std::string> wrong_checks(const std::vector<std::string>& lines, bool digests_only) {
  std::vector<std::string> wrong;
  bool has_signature = false;
  for (const std::string& line : lines) {
    const bool is_signature = line.find("ignature") != std::string::npos;
    const bool is_right = line.ends_with(": OK");
    if (is_signature && is_right) has_signature = true;
    if (is_right || (is_signature && digests_only && line.ends_with(": NOKEY"))) continue;
    if (is_signature && line.ends_with(": NOKEY")) {
      has_signature = true;
      wrong.push_back(line.substr(0, line.size() - 7) + ": signed by none of the keys given");
    } else {
      wrong.push_back(line);
    }
  }
  if (lines.empty()) wrong.emplace_back("it is no package that rpm can read");
  if (!has_signature && !digests_only && wrong.empty()) wrong.emplace_back("it is not signed");
  return wrong;
}

VerifyReport verify_packages(const VerifyRequest& request, CommandRunner& runner) {
  check_tools(false, [](const std::string& name) { return find_program(name).has_value(); });
  if (request.keys.empty() && !request.digests_only)
    throw_error(Code::invalid_argument,
                "verify signatures: name the public key with --key FILE, one that you have from "
                "elsewhere than the packages; --digests-only looks at digests alone");
  VerifyReport report;
  const std::vector<std::string> packages = packages_of(request.paths);
  if (packages.empty())
    throw_error(Code::invalid_argument, "verify {}: there is no package",
                request.paths.empty() ? "nothing" : request.paths.front());
  report.packages = packages.size();
  const TempDir database("/tmp", "kata-rpmdb-");
  import_keys(request, database.path(), runner, report.findings);
  for (std::size_t begin = 0; begin < packages.size(); begin += kBatch) {
    pipeline::throw_if_interrupted();
    const std::size_t end = std::min(begin + kBatch, packages.size());
    check_batch({packages.begin() + static_cast<std::ptrdiff_t>(begin),
                 packages.begin() + static_cast<std::ptrdiff_t>(end)},
                request, database.path(), runner, report.findings);
  }
  check_twins(packages, report.findings);
  for (const std::string& path : request.paths) {
    if (fs::is_directory(path)) check_manifest(path, report.findings);
  }
  return report;
}

}  // namespace kata::rpm
