// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>

#include "agent.pb.h"
#include "csi.pb.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/agent/storage/copy_file.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr int kMaxStorages = 1024;

std::string checked_volume(const std::string& path) {
  if (path.size() > 4095 || !path.starts_with('/') || path.find('\0') != std::string::npos) {
    throw_error(Code::invalid_argument, "volume path \"{}\" is no absolute path",
                path.substr(0, 256));
  }
  return clean_path(path);
}

void add_usage(grpc::VolumeStatsResponse& response, grpc::VolumeUsage::Unit unit,
               std::uint64_t total, std::uint64_t unused, std::uint64_t available) {
  grpc::VolumeUsage& usage = *response.add_usage();
  usage.set_unit(unit);
  usage.set_total(total);
  usage.set_used(total - unused);
  usage.set_available(available);
}

grpc::VolumeStatsResponse volume_stats(const grpc::VolumeStatsRequest& request) {
  const std::string path = checked_volume(request.volume_guest_path());
  struct statvfs figures {};
  if (::statvfs(path.c_str(), &figures) != 0) throw_errno(errno, "look at volume {}", path);
  grpc::VolumeStatsResponse response;
  const std::uint64_t unit = figures.f_frsize;
  add_usage(response, grpc::VolumeUsage::BYTES, figures.f_blocks * unit, figures.f_bfree * unit,
            figures.f_bavail * unit);
  add_usage(response, grpc::VolumeUsage::INODES, figures.f_files, figures.f_ffree,
            figures.f_favail);
  response.mutable_volume_condition()->set_abnormal(false);
  response.mutable_volume_condition()->set_message("the volume is mounted");
  return response;
}

/// The file system's own program grows it; the block device already has its new size. A
/// memory-backed one is remounted.
Empty resize_volume(const grpc::ResizeVolumeRequest& request) {
  const std::string path = checked_volume(request.volume_guest_path());
  const std::string table = read_file("/proc/self/mounts");
  std::string device, type;
  for (const std::string& line : split_text(table)) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    if (line.substr(first + 1, second - first - 1) != path) continue;
    device = line.substr(0, first);
    type = line.substr(second + 1, line.find(' ', second + 1) - second - 1);
  }
  if (type.empty()) throw_error(Code::not_found, "no volume is mounted at {}", path);
  RealCommandRunner runner;
  if (type == "tmpfs") {
    sys::mount("", path, "", MS_REMOUNT, fmt::format("size={}", request.size()));
  } else if (type == "ext4" && find_program("resize2fs")) {
    run_checked(runner, {.argv = {"resize2fs", device}, .timeout = std::chrono::seconds(60)});
  } else if (type == "xfs" && find_program("xfs_growfs")) {
    run_checked(runner, {.argv = {"xfs_growfs", path}, .timeout = std::chrono::seconds(60)});
  } else {
    throw_error(Code::unimplemented, "the guest image has no program that resizes {} at {}", type,
                path);
  }
  return {};
}

Empty update_ephemeral(Sandbox& sandbox, const grpc::UpdateEphemeralMountsRequest& request) {
  if (request.storages_size() > kMaxStorages)
    throw_error(Code::resource_exhausted, "over {} storages", kMaxStorages);
  for (const grpc::Storage& storage : request.storages()) {
    if (storage.driver() != "ephemeral") {
      throw_error(Code::invalid_argument, "storage driver {} cannot be remounted",
                  storage.driver().substr(0, 64));
    }
    sandbox.storages().remount(storage);
  }
  return {};
}

/// Mounts of shared folders whose server is gone: every access to them fails, so they only stand in
/// the way.
Empty remove_stale_mounts(const Sandbox& sandbox) {
  for (const std::string& path : sys::mounts_below(sandbox.options().storage_root)) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) continue;
    const int err = errno;
    if (err != ENOTCONN && err != ENOENT && err != EIO && err != ESTALE) continue;
    ignore_error([&] { sys::unmount(path, MNT_DETACH); }, "it was stale");
  }
  return {};
}

}  // namespace

void add_volume_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_now<grpc::CopyFileRequest, Empty>(kAgentService, "CopyFile",
                                              [&sandbox](const auto& request) {
                                                copy_file(request, sandbox.options().storage_root);
                                                return Empty{};
                                              });
  server.on_now<grpc::VolumeStatsRequest, grpc::VolumeStatsResponse>(
      kAgentService, "GetVolumeStats", volume_stats);
  server.on_now<grpc::ResizeVolumeRequest, Empty>(kAgentService, "ResizeVolume", resize_volume);
  server.on_now<grpc::UpdateEphemeralMountsRequest, Empty>(
      kAgentService, "UpdateEphemeralMounts",
      [&sandbox](const auto& request) { return update_ephemeral(sandbox, request); });
  server.on_now<grpc::RemoveStaleVirtiofsShareMountsRequest, Empty>(
      kAgentService, "RemoveStaleVirtiofsShareMounts",
      [&sandbox](const auto&) { return remove_stale_mounts(sandbox); });
}

}  // namespace kata::agent
