// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/namespace_type.h"
#include "runtime/oci/spec.h"

namespace kata::oci {
void check_namespace_paths(const grpc::Spec& spec, bool shares_machine) {
  for (const grpc::LinuxNamespace& space : spec.linux().namespaces()) {
    // The network's has checks of its own, and is honoured.
    if (space.path().empty() || space.type() == "network") continue;
    const UniqueFd fd = in_context([&] { return open_file(space.path(), O_RDONLY | O_NONBLOCK); },
                                   "linux.namespaces: open the {} namespace", space.type());
    const NamespaceType* type = namespace_type(space.type());
    if (type == nullptr || ::ioctl(fd.get(), NS_GET_NSTYPE) != type->flag) {
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
