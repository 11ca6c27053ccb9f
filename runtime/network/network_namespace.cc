// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/network_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/runtime_folder.h"
#include "runtime/base/sys_process.h"

namespace kata::network {
namespace {

// thread-self, not self: setns(2) moves one thread.
constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

std::optional<std::pair<dev_t, ino_t>> identity(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return std::pair(info.st_dev, info.st_ino);
}

/// Runs `action`, which may change its thread's network namespace, so that the caller stays in its
/// own. Root of a user namespace may enter namespaces of its making, but not go back to the host's:
/// there a thread does it that ends afterwards.
void run_aside(const std::function<void()>& action) {
  if (!is_rootless()) return action();
  std::exception_ptr failure;
  std::thread([&] {
    try {
      action();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

/// Takes the thread back to its namespace at the end of scope; one that ends needs no way back.
class Return {
 public:
  Return() : home_(is_rootless() ? UniqueFd() : open_file(kOwnNamespace, O_RDONLY)) {}
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;
  ~Return() {
    if (!home_) return;
    try {
      sys::setns(home_.get(), CLONE_NEWNET);
    } catch (const std::exception& error) {
      log::error("cannot return to the own network namespace error=\"{}\"", error.what());
      std::abort();
    }
  }

 private:
  UniqueFd home_;
};

}  // namespace

UniqueFd open_network_namespace(const std::string& path) {
  UniqueFd fd = in_context([&] { return open_file(path, O_RDONLY); }, "open the network namespace");
  // A bind mount that is gone leaves an ordinary file, which answers ENOTTY.
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    throw_error(Code::invalid_argument,
                "{} is no network namespace; the engine has removed it, or never made it", path);
  }
  return fd;
}

UniqueFd create_network_namespace() {
  UniqueFd made;
  run_aside([&] {
    const Return home;
    sys::unshare(CLONE_NEWNET);
    made = open_file(kOwnNamespace, O_RDONLY);
  });
  return made;
}

bool is_host_namespace(const std::string& path, const std::string& proc) {
  const auto wanted = identity(path);
  if (!wanted) return false;
  return wanted == identity(join_path(proc, "1/ns/net")) ||
         wanted == identity(join_path(proc, "thread-self/ns/net"));
}

void in_namespace(int namespace_fd, const std::function<void()>& action) {
  run_aside([&] {
    const Return home;
    in_context([&] { sys::setns(namespace_fd, CLONE_NEWNET); }, "enter the network namespace");
    action();
  });
}

}  // namespace kata::network
