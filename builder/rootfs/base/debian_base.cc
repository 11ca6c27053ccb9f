// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/debian_base.h"

#include <utility>
#include <vector>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/base/apt.h"
#include "builder/rootfs/base/installation.h"
#include "builder/rootfs/base/package_cache.h"
#include "builder/rootfs/base/package_nodes.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

using pipeline::Context;
using recipe::ImageRecipe;

/// One repository of just the lock's packages, which needs no signature: its packages are the ones
/// whose digests were checked.
void write_repository(const PackageLock& lock, const std::string& suite, const std::string& folder,
                      Context& context) {
  lay_out_packages(lock, join_path(folder, "pool"), context);
  std::string index;
  for (const LockedPackage& package : lock.packages) {
    Command command{.argv = {"dpkg-deb", "--field", join_path(folder, "pool/" + package.file)}};
    command.env = sandbox_environment(0);
    const CommandResult control = in_context([&] { return run_checked(context.runner, command); },
                                             "read the package {}", package.name);
    index += control.output + fmt::format("Filename: pool/{}\nSize: {}\nSHA256: {}\n\n",
                                          package.file, package.size, package.sha256);
  }
  const std::string lists = join_path(folder, "dists/" + suite + "/main/binary-amd64");
  make_directories(lists);
  write_file(join_path(lists, "Packages"), index);
  write_file(join_path(folder, "dists/" + suite + "/Release"),
             fmt::format("Origin: katabuild\nSuite: {}\nCodename: {}\nArchitectures: amd64\n"
                         "Components: main\nDate: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n {} {} "
                         "main/binary-amd64/Packages\n",
                         suite, suite, pipeline::sha256_of_text(index), index.size()));
}

SandboxStep mmdebstrap_step(const recipe::DebianBase& base, std::int64_t time) {
  SandboxStep step{
      .argv = {"mmdebstrap", "--mode=root", "--format=directory", "--variant=" + base.variant,
               "--architectures=amd64", "--aptopt=APT::Install-Recommends \"false\"",
               "--aptopt=APT::Sandbox::User \"root\"", "--skip=check/empty"},
      .env = sandbox_environment(time)};
  if (!base.packages.empty()) {
    std::string names;
    for (const std::string& name : base.packages) names += (names.empty() ? "" : ",") + name;
    step.argv.push_back("--include=" + names);
  }
  step.argv.insert(step.argv.end(), {base.suite, kSandboxTree,
                                     "deb [trusted=yes] copy:/repository " + base.suite + " main"});
  return step;
}

/// The recipe's repositories take the place of the one that was made for the installation. The
/// builder's own do not: they would make the image differ from builder to builder.
void finish(const recipe::DebianBase& base, Tree& tree) {
  tree.remove("etc/apt/sources.list");
  if (tree.contains("etc/apt") && !base.mirrors.empty()) {
    std::string sources;
    for (const std::string& line : apt_sources(base)) sources += line + "\n";
    Node node = make_text_file("etc/apt/sources.list", sources, 0644);
    node.origin = "base";
    tree.put(std::move(node));
  }
  for (const char* path :
       {"var/cache/ldconfig/aux-cache", "var/log/bootstrap.log", "var/lib/systemd/random-seed"})
    tree.remove(path);
}

}  // namespace

PackageLock choose_debian_packages(const ImageRecipe& recipe, const std::string& work,
                                   Context& context) {
  Apt apt(recipe.base.debian, join_path(work, "apt"), context);
  PackageLock lock = apt.choose();
  lock.base_sha256 = base_digest(recipe.base);
  apt.fetch(missing_packages(lock, context));
  return lock;
}

void fetch_debian_packages(const ImageRecipe& recipe, const PackageLock& lock,
                           const std::string& work, Context& context) {
  const std::vector<LockedPackage> missing = missing_packages(lock, context);
  if (!missing.empty()) Apt(recipe.base.debian, join_path(work, "apt"), context).fetch(missing);
}

Base install_debian_packages(const ImageRecipe& recipe, const PackageLock& lock,
                             const std::string& work, Spool& spool, Context& context) {
  const std::int64_t time = pipeline::build_time(context, recipe.timestamp);
  const recipe::DebianBase& base = recipe.base.debian;
  const std::string repository = join_path(work, "repository");
  write_repository(lock, base.suite, repository, context);
  Base result;
  result.tree = install_in_sandbox(recipe, lock, {.from = repository, .to = "/repository"},
                                   mmdebstrap_step(base, time), time, work, spool, context);
  finish(base, result.tree);
  result.packages = debian_components(lock, base.suite);
  name_debian_origins(result.tree);
  return result;
}

}  // namespace kata::rootfs
