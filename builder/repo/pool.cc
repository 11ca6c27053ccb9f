// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/pool.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kProblemLimit = 20;

/// Everything that changes when the file's bytes do; the change time cannot be set back, as the
/// modification time can.
std::string identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "look at package {}", path);
  return fmt::format("{}:{}:{}.{}:{}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

std::vector<std::string> package_files(const std::vector<std::string>& folders) {
  std::vector<std::string> files;
  for (const std::string& folder : folders) {
    std::error_code error;
    if (fs::is_regular_file(folder, error)) {  // one package
      files.push_back(folder);
      continue;
    }
    fs::recursive_directory_iterator entries(folder, error);
    if (error) {
      throw_error(Code::invalid_argument,
                  "read the pool {}: {}: make the folder, or correct the recipe's pools", folder,
                  error.message());
    }
    for (auto entry = fs::begin(entries); entry != fs::end(entries); entry.increment(error)) {
      if (error) throw_error(Code::internal, "read the pool {}: {}", folder, error.message());
      const std::string name = entry->path().filename().string();
      if (name.starts_with('.')) {
        if (entry->is_directory()) entry.disable_recursion_pending();
      } else if (name.ends_with(".rpm") &&
                 // A link to nowhere is somebody's package that is missing: reading it tells.
                 (entry->is_regular_file() || (entry->is_symlink() && !entry->exists()))) {
        files.push_back(entry->path().string());
      }
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

[[noreturn]] void report(const std::vector<std::string>& problems) {
  if (problems.size() == 1) throw_error(Code::failed_precondition, "{}", problems[0]);
  std::string text =
      fmt::format("publish the pools: {} packages cannot be published:", problems.size());
  for (std::size_t i = 0; i < problems.size() && i < kProblemLimit; ++i)
    text += "\n  " + problems[i];
  if (problems.size() > kProblemLimit)
    text += fmt::format("\n  and {} more", problems.size() - kProblemLimit);
  throw_error(Code::failed_precondition, "{}", text);
}

}  // namespace

PoolMemory::PoolMemory(std::string path, const std::string& fingerprint)
    : path_(std::move(path)), fingerprint_(fingerprint) {
  const std::optional<std::string> text = read_file_if_exists(path_);
  if (!text) return;
  std::string_view rest = *text;
  const auto next = [&rest](char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view field = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return field;
  };
  if (next('\n') != "katabuild pool 1 " + fingerprint_) return;
  while (!rest.empty()) {
    const std::string_view sha256 = next(' ');
    const std::string_view identity = next(' ');
    entries_[std::string(next('\n'))] = {std::string(identity), std::string(sha256), false};
  }
}

std::string PoolMemory::recall(const std::string& file) const {
  const auto entry = entries_.find(file);
  if (entry == entries_.end() || entry->second.identity != identity_of(file)) return {};
  entry->second.used = true;
  return entry->second.sha256;
}

void PoolMemory::remember(const std::string& file, const std::string& sha256) {
  if (file.find('\n') != std::string::npos) return;
  entries_[file] = {identity_of(file), sha256, true};
  changed_ = true;
}

void PoolMemory::save() const {
  if (!changed_) return;
  std::string text = "katabuild pool 1 " + fingerprint_ + "\n";
  for (const auto& [file, entry] : entries_) {
    if (entry.used) text += entry.sha256 + " " + entry.identity + " " + file + "\n";
  }
  write_file_atomic(path_, text);
}

std::vector<PoolPackage> read_pools(const std::vector<std::string>& folders,
                                    const KnownPackages& known, PackageVerifier& verifier,
                                    PoolMemory& memory, pipeline::Progress& progress) {
  std::vector<PoolPackage> packages;
  std::vector<std::string> problems;
  std::size_t new_packages = 0;
  for (const std::string& file : package_files(folders)) {
    pipeline::throw_if_interrupted();
    const std::string remembered = memory.recall(file);
    if (const auto found = known.find(remembered); found != known.end()) {
      packages.push_back({file, found->second});
      continue;
    }
    const std::string sha256 = pipeline::sha256_of_file(file);
    if (sha256 != remembered) {
      if (const std::optional<std::string> problem = verifier.problem(file)) {
        problems.push_back(fmt::format("package {}: {}", file, *problem));
        continue;
      }
      memory.remember(file, sha256);
    }
    const auto found = known.find(sha256);
    PackagePtr package =
        found != known.end() ? found->second : std::make_shared<const Package>(read_package(file));
    if (package->sha256 != sha256) {
      problems.push_back(
          fmt::format("package {}: it changed while it was read: wait until it is complete", file));
      continue;
    }
    if (found == known.end() && new_packages++ == 0)
      progress.begin("repo", "reading new packages", 0);
    if (found == known.end()) progress.step(base_name(file));
    packages.push_back({file, std::move(package)});
  }
  if (!problems.empty()) report(problems);
  if (new_packages > 0) progress.end(fmt::format("{} new packages read", new_packages));
  return packages;
}

}  // namespace kata::repo
