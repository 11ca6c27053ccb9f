// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/base.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "builder/rootfs/base/debian_base.h"
#include "builder/rootfs/base/directory_base.h"
#include "builder/rootfs/base/layout_files.h"
#include "builder/rootfs/base/oci_base.h"
#include "builder/rootfs/base/oci_image.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/base/rpm_base.h"
#include "builder/rootfs/base/tar_base.h"
#include "builder/rootfs/base/tree_store.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;
using pipeline::Context;
using recipe::BaseKind;
using recipe::ImageRecipe;

// Part of every stored tree's key: raise it when a change here makes other trees of the same bases.
constexpr int kBaseProcedure = 2;
constexpr std::size_t kMostPaths = 5;  // in a message

/// The kernel opens /dev/console for the first process before anything is mounted; the folders are
/// mount points.
void add_essentials(Tree& tree) {
  const std::pair<const char*, unsigned> folders[] = {{"dev", 0755}, {"etc", 0755}, {"proc", 0555},
                                                      {"run", 0755}, {"sys", 0555}, {"tmp", 01777}};
  for (const auto& [name, mode] : folders) {
    if (!tree.contains(name)) tree.put(make_directory(name, mode));
  }
  if (!tree.contains("dev/console")) tree.put(make_device("dev/console", false, 5, 1, 0600));
}

std::string key_of(const ImageRecipe& recipe, const std::string& what) {
  return pipeline::sha256_of_text(fmt::format("base {}\n{}\n{} {}\n", kBaseProcedure, what,
                                              recipe.limits.size, recipe.limits.entries));
}

/// A lock names a container image's digest, or that of the file that the base comes from.
void check_image_lock(const ImageRecipe& recipe, const LockChoice& choice,
                      const std::string& digest) {
  if (choice.use == LockUse::update) {
    if (!choice.is_kept) return;
    PackageLock lock;
    lock.base_sha256 = base_digest(recipe.base);
    lock.image = digest;
    (void)write_lock(recipe, choice, lock);
    return;
  }
  const std::optional<PackageLock> lock = read_lock(recipe, choice);
  if (!lock || lock->image == digest) return;
  throw_error(Code::failed_precondition,
              "base {}: it is {}, but {} pins {}: take that one, or pin this with --update-lock",
              recipe.base.kind == BaseKind::oci ? recipe.base.oci.path : recipe.base.path, digest,
              lock_file_of(recipe, choice), lock->image);
}

Base read_tar(const ImageRecipe& recipe, const LockChoice& choice, Context& context) {
  const std::string& path = recipe.base.path;
  const std::string digest = pipeline::remembered_sha256(path, context.cache);
  check_image_lock(recipe, choice, "sha256:" + digest);
  return stored_tree(key_of(recipe, "tar " + digest), "base", context,
                     [&](const std::string&, Spool& spool) {
                       Base base;
                       in_context([&] { read_tar_base(path, recipe.limits, spool, base.tree); },
                                  "{}: base.tar", recipe.file);
                       return base;
                     });
}

Base unpack_image(const ImageRecipe& recipe, const OciImage& image, Spool& spool) {
  Base base;
  in_context([&] { unpack_oci_image(image, recipe.limits, spool, base.tree); }, "image {}",
             recipe.base.oci.path);
  return base;
}

Base read_oci(const ImageRecipe& recipe, const LockChoice& choice, const std::string& work,
              Context& context) {
  const recipe::OciBase& oci = recipe.base.oci;
  if (std::filesystem::is_directory(oci.path)) {
    const OciImage image = find_oci_image(LayoutFiles(oci.path, work, recipe.limits), oci);
    check_image_lock(recipe, choice, image.digest);
    return stored_tree(
        key_of(recipe, "oci " + image.digest), "base", context,
        [&](const std::string&, Spool& spool) { return unpack_image(recipe, image, spool); });
  }
  // A tar's members lie nowhere until it is unpacked, which is most of the work; so the tar itself
  // is what a lock names
  const std::string digest = pipeline::remembered_sha256(oci.path, context.cache);
  check_image_lock(recipe, choice, "sha256:" + digest);
  const std::string key =
      key_of(recipe, fmt::format("oci tar {} {} {}", digest, oci.reference, oci.platform));
  return stored_tree(key, "base", context, [&](const std::string& folder, Spool& spool) {
    const LayoutFiles files(oci.path, folder, recipe.limits);
    return unpack_image(recipe, find_oci_image(files, oci), spool);
  });
}

/// Which packages an installation is made of: the lock's, or those chosen now.
PackageLock lock_of(const ImageRecipe& recipe, const LockChoice& choice, const std::string& work,
                    Context& context) {
  if (std::optional<PackageLock> lock = read_lock(recipe, choice)) return *std::move(lock);
  if (context.offline) {
    throw_error(Code::failed_precondition,
                "{}: the build is offline, and there is no lock file {} of this base: build once "
                "without --offline",
                recipe.file, lock_file_of(recipe, choice));
  }
  context.progress.note(
      fmt::format("base: choosing the packages of {}", recipe::base_name_of(recipe.base.kind)));
  const PackageLock lock = pipeline::explain_full_disk(context.cache.root(), [&] {
    return recipe.base.kind == BaseKind::rpm ? choose_rpm_packages(recipe, work, context)
                                             : choose_debian_packages(recipe, work, context);
  });
  if (!choice.is_kept) return lock;
  if (write_lock(recipe, choice, lock)) {
    context.progress.note(fmt::format("base: {} packages are pinned in {}", lock.packages.size(),
                                      lock_file_of(recipe, choice)));
  } else {
    context.progress.note(fmt::format(
        "base: {} cannot be written: the packages are not pinned: name a file with --lock",
        lock_file_of(recipe, choice)));
  }
  return lock;
}

Base read_packages(const ImageRecipe& recipe, const LockChoice& choice, const std::string& work,
                   Context& context) {
  const bool is_rpm = recipe.base.kind == BaseKind::rpm;
  const PackageLock lock = lock_of(recipe, choice, work, context);
  const std::string key = key_of(
      recipe,
      fmt::format("packages {} {} {}\n{}", base_digest(recipe.base), recipe.base.debian.keyring,
                  pipeline::build_time(context, recipe.timestamp), packages_text(lock)));
  return stored_tree(key, "base", context, [&](const std::string& folder, Spool& spool) {
    context.progress.note(fmt::format("base: installing {} packages", lock.packages.size()));
    if (is_rpm) {
      fetch_rpm_packages(lock, folder, context);
      return install_rpm_packages(recipe, lock, folder, spool, context);
    }
    fetch_debian_packages(recipe, lock, folder, context);
    return install_debian_packages(recipe, lock, folder, spool, context);
  });
}

std::string some_of(const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t i = 0; i < std::min(paths.size(), kMostPaths); ++i)
    text += (text.empty() ? "/" : ", /") + paths[i];
  return text + (paths.size() > kMostPaths ? ", ..." : "");
}

/// What somebody else's archive may give power with.
void note_unusual(const Tree& tree, Context& context) {
  std::vector<std::string> setuid;
  std::vector<std::string> devices;
  for (const auto& [path, node] : tree.nodes()) {
    const EntryKind kind = node.entry.kind;
    if (kind == EntryKind::file && (node.entry.mode & 06000U) != 0) setuid.push_back(path);
    if (kind == EntryKind::character_device || kind == EntryKind::block_device)
      devices.push_back(path);
  }
  if (!setuid.empty()) {
    context.progress.note(fmt::format("base: {} files run with their owner's rights (setuid): {}",
                                      setuid.size(), some_of(setuid)));
  }
  if (!devices.empty())
    context.progress.note(fmt::format("base: {} devices: {}", devices.size(), some_of(devices)));
}

void check_path(const ImageRecipe& recipe) {
  const std::string& path =
      recipe.base.kind == BaseKind::oci ? recipe.base.oci.path : recipe.base.path;
  if (path.empty() || path_exists(path)) return;
  throw_error(Code::not_found,
              "{}: base.{}: there is no {}: correct the path (a relative one starts at the "
              "recipe's folder)",
              recipe.file, recipe::base_name_of(recipe.base.kind), path);
}

}  // namespace

Base read_base(const ImageRecipe& recipe, const std::string& work, Context& context,
               const LockChoice& choice) {
  check_path(recipe);
  const bool is_pinned =
      recipe.base.kind != BaseKind::scratch && recipe.base.kind != BaseKind::directory;
  if (choice.use == LockUse::update && !is_pinned) {
    throw_error(Code::invalid_argument,
                "--update-lock: the base of {} is {}, of which nothing can be pinned: leave the "
                "option out",
                recipe.file, recipe::base_name_of(recipe.base.kind));
  }
  Base base;
  switch (recipe.base.kind) {
    case BaseKind::scratch:
      break;
    case BaseKind::directory:
      read_directory_base(recipe.base.path, base.tree);
      break;
    case BaseKind::tar:
      base = read_tar(recipe, choice, context);
      note_unusual(base.tree, context);
      break;
    case BaseKind::oci:
      base = read_oci(recipe, choice, work, context);
      note_unusual(base.tree, context);
      break;
    case BaseKind::rpm:
    case BaseKind::debian:
      base = read_packages(recipe, choice, work, context);
      break;
  }
  add_essentials(base.tree);
  return base;
}

}  // namespace kata::rootfs
