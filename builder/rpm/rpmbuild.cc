// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/rpmbuild.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "builder/pipeline/failed_command.h"
#include "builder/pipeline/publish.h"
#include "builder/rpm/rpm_tools.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rpm {
namespace {

namespace fs = std::filesystem;

void set_time(const std::string& path, std::int64_t seconds) {
  const struct timespec time { seconds, 0 };
  const struct timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0)
    throw_errno(errno, "set the time of {}", path);
}

Command rpmbuild(const BuildRequest& request, const std::string& work,
                 const std::vector<std::string>& arguments, const pipeline::Context& context) {
  Command command;
  command.argv = {"rpmbuild", "--target", "x86_64"};
  const auto define = [&](const std::string& macro) {
    command.argv.insert(command.argv.end(), {"--define", macro});
  };
  define("_topdir " + work);
  define("_tmppath " + join_path(work, "tmp"));
  define("dist ." + request.dist);
  if (!request.check_build_deps) command.argv.emplace_back("--nodeps");
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = rpm_environment(work, request.timestamp);
  command.env->push_back("CCACHE_DIR=" + context.cache.folder("ccache"));
  command.env->push_back("TMPDIR=" + join_path(work, "tmp"));  // a killed compiler leaves its files
  command.cwd = work;
  return command;
}

/// rpmbuild ends with a list of errors ("RPM build errors:"); before that, the compiler's.
void run(const Command& command, const BuildRequest& request, pipeline::Context& context) {
  const CommandResult result = context.runner.run(command);
  if (result.status == 0) return;
  const std::string log = pipeline::keep_log(fmt::format("rpm-{}-{}", request.name, request.dist),
                                             command, result, context);
  throw_error(
      Code::internal, "rpmbuild {} for {} ended with status {}; its output is in {}:{}",
      request.name, request.dist, result.status, log,
      pipeline::telling_lines(result.error_output,
                              {"error", "No space left", "is needed by", "not found", "\n    "}));
}

std::vector<std::string> packages_below(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".rpm") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<std::string> run_rpmbuild(const BuildRequest& request, const std::string& work,
                                      pipeline::Context& context) {
  for (const char* folder : {"SOURCES", "SPECS", "SRPMS", "RPMS", "BUILD", "BUILDROOT", "tmp"})
    make_directories(join_path(work, folder));
  const std::string spec = join_path(work, "SPECS/" + request.name + ".spec");
  write_file(spec, request.spec);
  fs::permissions(spec, fs::perms(0644));  // whatever the umask
  set_time(spec, request.timestamp);
  for (const std::string& source : request.sources) {
    const std::string to = join_path(work, "SOURCES/" + std::string(base_name(source)));
    pipeline::copy_file(source, to, 0644);
    set_time(to, request.timestamp);
  }
  run(rpmbuild(request, work, {"-bs", spec}, context), request, context);
  std::vector<std::string> made = packages_below(join_path(work, "SRPMS"));
  if (made.size() != 1)
    throw_error(Code::internal, "rpmbuild -bs {} made {} source RPMs", request.name, made.size());
  if (!request.binaries) return made;
  run(rpmbuild(request, work, {"--rebuild", made.front()}, context), request, context);
  for (const std::string& path : packages_below(join_path(work, "RPMS"))) made.push_back(path);
  return made;
}

}  // namespace kata::rpm
