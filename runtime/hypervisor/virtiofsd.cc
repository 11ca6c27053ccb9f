// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/virtiofsd.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::hypervisor {
namespace {

constexpr int kListenFd = 3;

/// Raising the limit needs CAP_SYS_RESOURCE, so the daemon gets ours and does not try.
rlim_t open_files_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 1024;
}

/// "namespace" puts the daemon into a mount namespace whose root is the folder; that takes
/// CAP_SYS_ADMIN. An unprivileged runtime gets the next best thing.
const char* sandbox_mode() { return ::geteuid() == 0 ? "namespace" : "chroot"; }

/// What a container's files may carry beside owner and mode: attributes of users, and file
/// capabilities, which packages set on their programs. The host's own (SELinux labels, those of
/// overlayfs) are neither shown nor set. Access lists stay out too: the guest would not obey them.
constexpr const char* kAttributes =
    ":ok:all:user.:user.:"
    ":ok:all:security.capability:security.capability:"
    ":unsupported:all:::";

// A pool of no threads: the queue's own thread answers. Handing a request to another one and back
// costs more than most requests do: half of the daemon's time, and a third of the guest's.

std::vector<std::string> c_arguments(const SharedDirectory& shared, int fd) {
  const std::string cache = shared.cache == "never" ? "none" : shared.cache;
  return {shared.daemon,
          fmt::format("--fd={}", fd),
          fmt::format("--rlimit-nofile={}", open_files_limit()),
          "--thread-pool-size=0",
          "-f",
          "-o",
          fmt::format("source={},cache={},sandbox={},announce_submounts,xattrmap={},log_level=warn",
                      shared.path, cache, sandbox_mode(), kAttributes)};
}

std::vector<std::string> rust_arguments(const SharedDirectory& shared, int fd) {
  const std::string cache = shared.cache == "none" ? "never" : shared.cache;
  return {shared.daemon,
          fmt::format("--fd={}", fd),
          fmt::format("--rlimit-nofile={}", open_files_limit()),
          "--thread-pool-size=0",
          "--shared-dir=" + shared.path,
          "--cache=" + cache,
          fmt::format("--sandbox={}", sandbox_mode()),
          "--announce-submounts",
          "--xattr",
          fmt::format("--xattrmap={}", kAttributes),
          "--log-level=warn"};
}

}  // namespace

std::vector<std::string> virtiofsd_arguments(const SharedDirectory& shared, int fd) {
  if (!shared.daemon_is_rust && shared.path.find(',') != std::string::npos) {
    throw_error(Code::invalid_argument, "virtiofsd cannot share {}: no comma may be in the path",
                shared.path);
  }
  std::vector<std::string> argv =
      shared.daemon_is_rust ? rust_arguments(shared, fd) : c_arguments(shared, fd);
  for (const std::string& extra : shared.extra_args) {
    // Upstream's default list and its advice have them. Ours does already, in each daemon's own
    // spelling, and the Rust one refuses them twice.
    if (extra == "--announce-submounts" || extra == "--xattr") continue;
    // "--thread-pool-size=4" replaces ours.
    const std::string name = extra.substr(0, extra.find('='));
    std::erase_if(argv, [&](const std::string& ours) {
      return name.starts_with("--") && ours.starts_with(name + "=");
    });
    argv.push_back(extra);
  }
  return argv;
}

Virtiofsd start_virtiofsd(const SharedDirectory& shared) {
  Virtiofsd result;
  UniqueFd listener;
  {
    // In a folder that only we can enter, and gone as soon as both ends are open.
    const TempDir dir(shared.socket_folder, "virtiofs-");
    const std::string path = dir.path() + "/socket";
    listener = listen_unix(path, SOCK_STREAM, 1);
    result.client = connect_unix(path, SOCK_STREAM);
  }
  Pipe log = make_pipe();
  result.log = std::move(log.read);
  result.process = in_context(
      [&] {
        return spawn(
            {.argv = virtiofsd_arguments(shared, kListenFd),
             .env = {},
             .cwd = {},
             .input = {},
             .fds = {{1, log.write.get()}, {2, log.write.get()}, {kListenFd, listener.get()}},
             .before_exec = {}});
      },
      "start virtiofsd for {}", shared.path);
  return result;
}

}  // namespace kata::hypervisor
