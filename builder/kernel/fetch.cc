// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/fetch.h"

#include <cerrno>
#include <cstdio>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::kernel {
namespace {

std::string package_archive(const std::string& package, const std::string& folder) {
  for (const char* suffix : {"tar.xz", "tar.zst", "tar.gz", "tar.bz2"}) {
    std::string path = fmt::format("{}/{}.{}", folder, package, suffix);
    if (path_exists(path)) return path;
  }
  const bool has_dnf = find_program("dnf").has_value() && !find_program("apt-get").has_value();
  throw_error(
      Code::not_found,
      "find the kernel source of package {}: there is no {}/{}.tar.xz: install it with `{}`{}",
      package, folder, package,
      has_dnf ? "dnf download --source kernel-uek" : "apt-get install " + package,
      has_dnf ? " and name the file under source.srpm.path" : "");
}

void check_digest(const std::string& expected, const std::string& found, const std::string& what) {
  if (expected.empty() || expected == found) return;
  throw_error(Code::failed_precondition,
              "check the kernel source {}: its sha256 is {}, but the recipe expects {}: the file "
              "is damaged or another "
              "version; get it anew, or correct sha256 in the recipe when the change is intended",
              what, found, expected);
}

std::string curl_hint(int status) {
  switch (status) {
    case 6:
    case 7:
    case 28:
      return ": the server was not reached: is this machine offline? Put the file somewhere and "
             "use \"path\"";
    case 22:
      return ": the server has no such file";
    case 37:
      return ": the file cannot be read";
    default:
      return "";
  }
}

std::string download_path(const recipe::KernelSource& source, const pipeline::Context& context) {
  return join_path(context.cache.folder("sources"), source.sha256);
}

std::string download(const recipe::KernelSource& source, pipeline::Context& context) {
  const std::string path = download_path(source, context);
  const std::string folder = parent_path(path);
  const pipeline::FileLock lock = context.cache.lock("source", source.sha256, [&] {
    context.progress.note("waiting for another katabuild that downloads the same source");
  });
  if (path_exists(path)) return path;
  if (context.offline) {
    throw_error(
        Code::failed_precondition,
        "download {}: the build is offline, and the cache has no such source: fetch it once "
        "without --offline, or use \"path\"",
        source.url);
  }
  if (!find_program("curl")) {
    throw_error(Code::failed_precondition,
                "download {}: there is no program curl: install it, or use \"path\"", source.url);
  }
  context.progress.note("source: downloading " + source.url);
  const TempDir temporary(folder, "download-");
  const std::string partial = join_path(temporary.path(), "file");
  Command command;
  command.argv = {"curl",
                  "--fail",
                  "--silent",
                  "--show-error",
                  "--location",
                  "--proto",
                  "=http,https,ftp,file",
                  "--connect-timeout",
                  "30",
                  "--output",
                  partial,
                  source.url};
  const CommandResult result = context.runner.run(command);
  if (result.status != 0) {
    std::string detail = result.error_output;
    while (!detail.empty() && detail.back() == '\n') detail.pop_back();
    throw_error(result.status == 23 ? Code::resource_exhausted : Code::unavailable,
                "download {}: {}{}{}", source.url, detail,
                result.status == 23 ? " (No space left on device?) " : "",
                curl_hint(result.status));
  }
  check_digest(source.sha256, pipeline::sha256_of_file(partial), source.url);
  if (std::rename(partial.c_str(), path.c_str()) != 0)
    throw_errno(errno, "rename {} to {}", partial, path);
  return path;
}

}  // namespace

SourceArchive fetch_source(const recipe::KernelSource& source, pipeline::Context& context,
                           const std::string& package_folder) {
  SourceArchive archive;
  if (source.kind == recipe::SourceKind::package) {
    archive.path = package_archive(source.package, package_folder);
  } else if (!source.url.empty()) {
    archive.path = pipeline::explain_full_disk(context.cache.root(),
                                               [&] { return download(source, context); });
  } else {
    archive.path = source.path;
  }
  archive.sha256 =
      in_context([&] { return pipeline::remembered_sha256(archive.path, context.cache); },
                 "the kernel source");
  check_digest(source.sha256, archive.sha256, archive.path);
  return archive;
}

bool source_is_here(const recipe::KernelSource& source, const pipeline::Context& context) {
  return source.url.empty() || path_exists(download_path(source, context));
}

}  // namespace kata::kernel
