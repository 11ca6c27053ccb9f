// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/package_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/publish.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {

std::string cached_package(const std::string& sha256, const pipeline::Context& context) {
  return join_path(context.cache.folder("packages"), sha256);
}

void keep_package(const std::string& file, const LockedPackage& package,
                  const pipeline::Context& context) {
  const std::string found = pipeline::sha256_of_file(file);
  if (found != package.sha256) {
    throw_error(Code::failed_precondition,
                "package {} {}: {} has the sha256 {}, but {} is expected: the file was changed "
                "since it was locked, or the copy is damaged: choose anew with --update-lock when "
                "that is right",
                package.name, package.version, package.url, found, package.sha256);
  }
  const std::string to = cached_package(package.sha256, context);
  if (::chmod(file.c_str(), 0644) != 0) throw_errno(errno, "open {} for reading", file);
  if (std::rename(file.c_str(), to.c_str()) != 0) throw_errno(errno, "rename {} to {}", file, to);
}

std::vector<LockedPackage> missing_packages(const PackageLock& lock,
                                            const pipeline::Context& context) {
  std::vector<LockedPackage> missing;
  for (const LockedPackage& package : lock.packages) {
    if (!path_exists(cached_package(package.sha256, context))) missing.push_back(package);
  }
  if (!missing.empty() && context.offline) {
    throw_error(Code::failed_precondition,
                "the build is offline, and the cache {} lacks {} of {} packages, {} {} among them: "
                "build once without --offline",
                context.cache.root(), missing.size(), lock.packages.size(), missing.front().name,
                missing.front().version);
  }
  return missing;
}

void lay_out_packages(const PackageLock& lock, const std::string& folder,
                      const pipeline::Context& context) {
  make_directories(folder);
  for (const LockedPackage& package : lock.packages) {
    const std::string from = cached_package(package.sha256, context);
    const std::string to = join_path(folder, package.file);
    if (pipeline::sha256_of_file(from) != package.sha256) {
      ::unlink(from.c_str());
      throw_error(Code::data_loss,
                  "package {} in the cache was damaged: it is removed: build again", package.name);
    }
    if (::link(from.c_str(), to.c_str()) != 0) pipeline::copy_file(from, to, 0644);
  }
}

}  // namespace kata::rootfs
