// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/verify_repo.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/interrupt.h"
#include "builder/repo/metadata_text.h"
#include "builder/repo/package_verifier.h"
#include "builder/repo/repodata.h"
#include "builder/repo/signer.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

namespace fs = std::filesystem;

bool has_repodata(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "repodata", error);
}

/// The folders below a root that hold a repodata: RELEASE/ARCHITECTURE/{snapshots,frozen}/NAME.
std::vector<std::string> repositories_below(const std::string& root) {
  std::set<std::string> found;
  const auto folders = [](const fs::path& path) {
    std::vector<fs::path> list;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      if (entry.is_directory() && !entry.is_symlink() &&
          !entry.path().filename().string().starts_with('.'))
        list.push_back(entry.path());
    }
    return list;
  };
  for (const fs::path& release : folders(root)) {
    for (const fs::path& architecture : folders(release)) {
      for (const char* kind : {"snapshots", "frozen"}) {
        for (const fs::path& folder : folders(architecture / kind)) found.insert(folder.string());
      }
    }
  }
  return {found.begin(), found.end()};
}

/// RPM-GPG-KEY-* in `path` or the folders above it.
std::string find_key(const std::string& path) {
  std::string folder = path;
  for (int level = 0; level < 5; ++level) {
    std::vector<std::string> keys;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().filename().string().starts_with("RPM-GPG-KEY-"))
        keys.push_back(entry.path().string());
    }
    if (keys.size() == 1) return keys[0];
    folder = parent_path(folder);
  }
  throw_error(Code::invalid_argument,
              "verify {}: there is no RPM-GPG-KEY-* in it or above: name the public key with --key",
              path);
}

class Check {
 public:
  Check(const std::string& key, CommandRunner& runner) : checker_(key, runner), packages_(key) {}

  void repository(const std::string& folder) {
    const std::string repomd = join_path(folder, "repodata/repomd.xml");
    if (!path_exists(repomd)) return fail(repomd, "it is missing");
    if (const auto problem = checker_.problem(repomd, repomd + ".asc"))
      fail(repomd + ".asc", *problem);
    const bool whole = attempt(repomd, [&] {
      for (const RepomdRecord& record : read_repomd(repomd).records) metadata(folder, record);
    });
    if (!whole) return;
    attempt(repomd, [&] {
      for (const PackagePtr& package : read_published(folder).packages)
        this->package(folder, *package);
    });
  }

  /// `latest` must name a folder that was checked, and so must the mirrorlist.
  void links(const std::string& architecture, const std::vector<std::string>& repositories) {
    const std::string latest = join_path(architecture, "latest");
    std::error_code error;
    const std::string target = fs::read_symlink(latest, error).string();
    const std::string folder = join_path(architecture, target);
    if (error || std::find(repositories.begin(), repositories.end(), folder) == repositories.end())
      return fail(latest, "it names no snapshot");
    const std::string list = join_path(architecture, "mirrorlist");
    attempt(list, [&] {
      const std::string text = read_file(list);
      const bool found =
          std::any_of(repositories.begin(), repositories.end(), [&](const std::string& repository) {
            return is_below(repository, architecture) &&
                   text.ends_with("/snapshots/" + std::string(base_name(repository)) + "/\n");
          });
      if (!found) fail(list, "it names no snapshot that is here");
    });
  }

  std::vector<Problem> problems;
  std::set<std::string> package_files;

 private:
  void fail(const std::string& path, const std::string& what) { problems.push_back({path, what}); }

  /// An Error of `body` becomes a problem; whether there was no new problem.
  template <typename Body>
  bool attempt(const std::string& path, Body body) {
    const std::size_t before = problems.size();
    try {
      body();
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      fail(path, error.what());
    }
    return problems.size() == before;
  }

  void metadata(const std::string& folder, const RepomdRecord& record) {
    const std::string path = join_path(folder, record.location);
    if (!path_exists(path)) return fail(path, "it is missing");
    attempt(path, [&] {
      const std::string bytes = read_file(path, std::size_t{1} << 30);
      if (bytes.size() != record.size || pipeline::sha256_of_text(bytes) != record.sha256)
        return fail(path, "its size or sha256 is not the one in repomd.xml");
      if (!record.open_sha256.empty() &&
          pipeline::sha256_of_text(MetadataText(bytes, path).text()) != record.open_sha256)
        fail(path, "its content's sha256 is not the one in repomd.xml");
    });
  }

  void package(const std::string& folder, const Package& package) {
    pipeline::throw_if_interrupted();
    const std::string path = join_path(folder, package.location);
    std::error_code error;
    const std::string file = fs::canonical(path, error).string();
    if (error) return fail(path, "it is missing");
    // snapshots share their packages: each file is read once, for each digest that is expected
    if (!seen_.insert(file + " " + package.sha256).second) return;
    package_files.insert(file);
    attempt(file, [&] {
      if (pipeline::sha256_of_file(file) != package.sha256)
        fail(file, "its sha256 is not the one in primary.xml");
      if (const auto problem = packages_.problem(file)) fail(file, *problem);
    });
  }

  SignatureChecker checker_;
  PackageVerifier packages_;
  std::set<std::string> seen_;
};

}  // namespace

bool is_repository(const std::string& path) {
  return has_repodata(path) || !repositories_below(path).empty();
}

VerifyReport verify_repo(const std::string& path, const std::string& key_file,
                         CommandRunner& runner) {
  VerifyReport report;
  report.key_is_from_the_repository = key_file.empty();
  if (has_repodata(path)) {
    report.repositories.push_back(path);
  } else {
    report.repositories = repositories_below(path);
  }
  if (report.repositories.empty()) {
    throw_error(Code::invalid_argument,
                "verify {}: there is no repository: name a folder with a repodata, or the folder "
                "that katabuild repo wrote",
                path);
  }
  report.key = key_file.empty() ? find_key(path) : key_file;
  Check check(report.key, runner);
  std::set<std::string> architectures;
  for (const std::string& folder : report.repositories) {
    check.repository(folder);
    if (folder != path) architectures.insert(parent_path(parent_path(folder)));
  }
  for (const std::string& architecture : architectures)
    check.links(architecture, report.repositories);
  report.packages = check.package_files.size();
  report.problems = std::move(check.problems);
  return report;
}

}  // namespace kata::repo
