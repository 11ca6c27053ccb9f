// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/oci/spec.h"

namespace kata::oci {
namespace {

/// What NS_GET_NSTYPE answers for a namespace of `type`; see ioctl_ns(2).
int kernel_type(std::string_view type) {
  if (type == "cgroup") return CLONE_NEWCGROUP;
  if (type == "ipc") return CLONE_NEWIPC;
  if (type == "mount") return CLONE_NEWNS;
  if (type == "network") return CLONE_NEWNET;
  if (type == "pid") return CLONE_NEWPID;
  if (type == "time") return CLONE_NEWTIME;
  if (type == "user") return CLONE_NEWUSER;
  return CLONE_NEWUTS;
}

}  // namespace

void check_namespace_paths(const grpc::Spec& spec, bool shares_machine) {
  for (const grpc::LinuxNamespace& space : spec.linux().namespaces()) {
    // The network's has checks of its own, and is honoured.
    if (space.path().empty() || space.type() == "network") continue;
    const UniqueFd fd = in_context([&] { return open_file(space.path(), O_RDONLY | O_NONBLOCK); },
                                   "linux.namespaces: open the {} namespace", space.type());
    if (::ioctl(fd.get(), NS_GET_NSTYPE) != kernel_type(space.type())) {
      throw_error(Code::invalid_argument, "linux.namespaces: {} is no {} namespace", space.path(),
                  space.type());
    }
    if (!shares_machine) {
      throw_error(Code::unimplemented,
                  "linux.namespaces: the {} namespace {} belongs to the host's kernel; a virtual "
                  "machine cannot join it, only that of a running container of kata-runtime",
                  space.type(), space.path());
    }
  }
}

}  // namespace kata::oci
