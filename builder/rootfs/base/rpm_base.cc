// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/rpm_base.h"

#include <utility>
#include <vector>

#include "builder/rootfs/base/dnf.h"
#include "builder/rootfs/base/installation.h"
#include "builder/rootfs/base/package_cache.h"
#include "builder/rootfs/base/package_nodes.h"
#include "builder/rootfs/base/rpm_database.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using pipeline::Context;
using recipe::ImageRecipe;

SandboxStep install_step(const PackageLock& lock, std::int64_t time) {
  SandboxStep step;
  // Signatures were checked when the lock's digests were taken. What is mounted while scripts run
  // cannot be changed, and need not be.
  step.argv = {"rpm",
               "--root",
               kSandboxTree,
               "--dbpath",
               "/var/lib/rpm",
               "--define",
               "_pkgverify_level none",
               "--define",
               "_netsharedpath /proc:/dev:/sys",
               "--nosignature",
               "--install"};
  for (const LockedPackage& package : lock.packages)
    step.argv.push_back(join_path("/packages", package.file));
  step.env = sandbox_environment(time);
  step.root = kSandboxTree;
  step.enters = false;
  return step;
}

/// What differs from one installation to the next, or is of no use in an image.
void remove_traces(Tree& tree) {
  for (const char* path : {"var/lib/dnf", "var/lib/dnf-state", "var/cache/ldconfig/aux-cache",
                           "var/lib/systemd/random-seed", "etc/machine-id"})
    tree.remove(path);
  std::vector<std::string> gone;
  for (const auto& [path, node] : tree.nodes()) {
    const bool is_noise = path.starts_with("var/log/") || path.starts_with("var/cache/") ||
                          path.starts_with("tmp/") || path.starts_with("var/tmp/");
    if (is_noise && node.content) gone.push_back(path);
  }
  for (const std::string& path : gone) tree.remove(path);
  if (tree.contains("usr/lib/systemd/systemd"))  // empty: one is made at each start
    tree.put(make_text_file("etc/machine-id", "", 0444));
}

}  // namespace

PackageLock choose_rpm_packages(const ImageRecipe& recipe, const std::string& work,
                                Context& context) {
  return Dnf(recipe, join_path(work, "dnf"), context).choose();
}

void fetch_rpm_packages(const PackageLock& lock, const std::string& work, Context& context) {
  for (const LockedPackage& package : missing_packages(lock, context)) {
    const std::string file = join_path(work, "fetched");
    Command command{.argv = {"curl", "--fail", "--silent", "--show-error", "--location", "--proto",
                             "=http,https,ftp,file", "--connect-timeout", "30", "--output", file,
                             package.url}};
    const CommandResult result = context.runner.run(command);
    if (result.status != 0) {
      throw_error(Code::unavailable,
                  "fetch package {} {} from {}: it is not there any more, or the server is away: "
                  "choose anew with --update-lock:{}",
                  package.name, package.version, package.url, output_end(result.error_output));
    }
    keep_package(file, package, context);
  }
}

Base install_rpm_packages(const ImageRecipe& recipe, const PackageLock& lock,
                          const std::string& work, Spool& spool, Context& context) {
  const std::int64_t time = pipeline::build_time(context, recipe.timestamp);
  const std::string packages = join_path(work, "packages");
  lay_out_packages(lock, packages, context);
  Base result;
  result.tree = install_in_sandbox(recipe, lock, {.from = packages, .to = "/packages"},
                                   install_step(lock, time), time, work, spool, context);
  rebuild_rpm_database(result.tree, time, work, context);
  remove_traces(result.tree);
  result.packages = rpm_components(lock);
  return result;
}

}  // namespace kata::rootfs
