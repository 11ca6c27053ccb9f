// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/appliance_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "builder/archive/archive_reader.h"
#include "builder/archive/cpio_writer.h"
#include "builder/guestfs/appliance.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/publish.h"
#include "builder/rootfs/disk/ext4_image.h"
#include "builder/rootfs/kernel_support.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using pipeline::Context;

constexpr const char* kPrograms[] = {"sh", "mount", "umount", "mkdir", "ls", "find", "blkid"};
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

// The daemon's port has a number that depends on the machine's devices, and a name that does not.
constexpr const char* kInit =
    "#!/bin/sh\n"
    "export PATH=/bin\n"
    "mount -t proc proc /proc\n"
    "mount -t sysfs sysfs /sys\n"
    "mount -t devtmpfs dev /dev\n"
    "mount -t tmpfs tmpfs /run\n"
    "mount -t tmpfs tmpfs /tmp\n"
    "mkdir -p /dev/disk/by-path\n"
    "for port in /sys/class/virtio-ports/*; do\n"
    "  read -r name < \"$port/name\"\n"
    "  [ \"$name\" = org.libguestfs.channel.0 ] && exec /bin/guestfsd --channel "
    "\"/dev/${port##*/}\"\n"
    "done\n"
    "echo 'the port of libguestfs is missing'\n";

std::string kernel_of(const recipe::ImageRecipe& recipe) {
  const std::string& path = recipe.kernel_config;
  const std::string text = read_file(path, 4U << 20);
  if (text.empty() || text.front() != '{') return {};
  const Json manifest = parse_json(text, path);
  // The uncompressed one starts faster
  for (const char* name : {"vmlinux", "vmlinuz"}) {
    const Json::json_pointer pointer(fmt::format("/files/{}/name", name));
    if (!manifest.contains(pointer) || !manifest.at(pointer).is_string()) continue;
    const std::string file =
        join_path(parent_path(path), base_name(manifest.at(pointer).get<std::string>()));
    if (path_exists(file)) return file;
  }
  return {};
}

std::optional<std::string> find_daemon() {
  for (const std::string& folder : guestfs::appliance_sources()) {
    std::string path = folder + "/supermin.d/daemon.tar.gz";
    if (path_exists(path)) return path;
  }
  return std::nullopt;
}

/// The daemon's program, out of its archive.
std::string unpack_daemon(const std::string& archive, const std::string& work) {
  std::string path = join_path(work, "guestfsd");
  archive::ArchiveReader reader(archive);
  while (const std::optional<archive::Entry> entry = reader.next()) {
    if (base_name(entry->path) != "guestfsd" || entry->kind != archive::EntryKind::file) continue;
    const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    (void)reader.copy_content(fd.get());
    return path;
  }
  throw_error(Code::data_loss, "{}: there is no guestfsd in it; install libguestfs anew", archive);
}

/// The libraries that the loader would map, by the loader itself: "NAME => PATH (ADDRESS)".
std::set<std::string> libraries_of(const std::string& program, CommandRunner& runner) {
  Command command;
  command.argv = {kLoader, "--list", program};
  const CommandResult result = run_checked(runner, command);
  std::set<std::string> libraries{kLoader};
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find("=> /");
    const std::size_t end = line.rfind(" (");
    if (begin == std::string::npos || end == std::string::npos || end < begin) continue;
    libraries.insert(line.substr(begin + 3, end - begin - 3));
  }
  return libraries;
}

struct Parts {
  std::string kernel;
  std::string daemon;
  std::set<std::pair<std::string, std::string>> programs;  // name, path
  std::set<std::string> libraries;
};

std::string key_of(const Parts& parts, const std::string& daemon_archive, const Context& context) {
  std::string text = fmt::format("appliance 1\n{}\n", kInit);
  const auto add = [&](const std::string& path) {
    text += fmt::format("{} {}\n", path, pipeline::remembered_sha256(path, context.cache));
  };
  add(parts.kernel);
  add(daemon_archive);
  for (const auto& [name, path] : parts.programs) add(path);
  for (const std::string& path : parts.libraries) add(path);
  return pipeline::sha256_of_text(text);
}

Tree root_tree(const Parts& parts) {
  Tree tree;
  for (const char* folder :
       {"bin", "dev", "etc", "proc", "run", "sys", "sysroot", "tmp", "var/tmp"})
    tree.put(make_directory(folder, 0755));
  tree.put(make_symlink("etc/mtab", "/proc/mounts"));
  tree.put(make_symlink("sbin", "bin"));
  tree.put(make_symlink("usr", "."));
  tree.put(make_text_file("init", kInit, 0755));
  tree.put(make_file("bin/guestfsd", parts.daemon, 0755));
  for (const auto& [name, path] : parts.programs) tree.put(make_file("bin/" + name, path, 0755));
  // By their names alone: the loader looks into its usual folders
  for (const std::string& path : parts.libraries) {
    const std::string name(base_name(path));
    tree.put(make_file((path == kLoader ? "lib64/" : "lib/x86_64-linux-gnu/") + name, path, 0755));
    if (path != kLoader) tree.put(make_symlink("lib64/" + name, "../lib/x86_64-linux-gnu/" + name));
  }
  return tree;
}

void make_folder(const Parts& parts, const std::string& folder) {
  std::filesystem::create_directories(folder);
  pipeline::copy_file(parts.kernel, join_path(folder, "kernel"), 0644);
  archive::CpioWriter initrd(join_path(folder, "initrd"));  // empty: the root is a disk
  (void)initrd.finish();
  const Tree tree = root_tree(parts);
  DiskFile root(join_path(folder, "root"));
  write_ext4(tree,
             {.size = ext4_size(tree, 5, 0), .mtime = 0, .uuid = derived_uuid("appliance", "root")},
             0, root);
  write_file(
      join_path(folder, "README.fixed"),
      "An appliance of libguestfs that katabuild made; see libguestfs-make-fixed-appliance(1).\n");
}

ApplianceFolder distribution(const std::string& why) {
  return {.path = {}, .reason = fmt::format("the distribution's kernel: {}", why)};
}

}  // namespace

std::string appliance_parameters() {
  return "root=/dev/sdb rootfstype=ext4 ro rootwait init=/init";
}

ApplianceFolder find_appliance(const recipe::ImageRecipe& recipe, const std::string& work,
                               Context& context) {
  if (recipe.kernel_config.empty())
    return distribution("no kernel_config names a kernel of our own (--kernel-config)");
  Parts parts;
  parts.kernel = kernel_of(recipe);
  if (parts.kernel.empty())
    return distribution(fmt::format("{} names no kernel that is there", recipe.kernel_config));
  if (const std::string missing = missing_appliance_driver(recipe); !missing.empty())
    return distribution(fmt::format("{} has no {}", base_name(parts.kernel), missing));
  const std::optional<std::string> archive = find_daemon();
  if (!archive) return distribution("libguestfs' daemon is not where libguestfs says");
  parts.daemon = unpack_daemon(*archive, work);
  for (const char* name : kPrograms) {
    const std::optional<std::string> path = find_program(name);
    if (!path) return distribution(fmt::format("{} is not installed", name));
    parts.programs.emplace(name, std::filesystem::canonical(*path).string());
  }
  parts.libraries = libraries_of(parts.daemon, context.runner);
  for (const auto& [name, path] : parts.programs) {
    if (std::optional<std::string> text = read_file_if_exists(path);
        text && text->starts_with("#!"))
      continue;
    parts.libraries.merge(libraries_of(path, context.runner));
  }
  const std::string key = key_of(parts, *archive, context);
  const std::string reason = fmt::format("{}, which has the drivers", base_name(parts.kernel));
  const pipeline::FileLock lock = context.cache.lock("appliance", key, [&] {
    context.progress.note("image: waiting for another katabuild that makes the same appliance");
  });
  if (std::optional<std::string> found = context.cache.find("appliance", key))
    return {.path = *found, .reason = reason};
  const std::string folder = join_path(work, "appliance");
  make_folder(parts, folder);
  context.cache.replace(folder, "appliance", key);
  return {.path = context.cache.entry_path("appliance", key), .reason = reason};
}

}  // namespace kata::rootfs
