// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/differences.h"

namespace kata::oci {
namespace {

constexpr std::string_view kNoSecurityModule =
    "not applied: the guest's kernel has no security modules, the machine is the boundary";
constexpr std::string_view kNotInCgroup2 =
    "not applied: the guest has cgroup v2, which has no such limit";
constexpr std::string_view kWholeMachine =
    "set on the host, for the whole machine; the container sees the machine's processors";
constexpr std::string_view kHostDisks =
    "set on the host, for the whole machine, where the host's cgroups can";

constexpr Difference kDifferences[] = {
    {"process.apparmorProfile", kNoSecurityModule},
    {"process.selinuxLabel", kNoSecurityModule},
    {"mounts",
     "programs that watch a volume (inotify) are told of what the host does to it within two "
     "seconds, by created, modified, attributes, moved-to and deleted; over 9p, and by a guest "
     "kernel without kernel/patches/fuse-tell-watchers.patch, only of what the guest does. A "
     "volume "
     "that is a unix socket passes streams and datagrams on to the host, no descriptors, and no "
     "answers to datagrams; one of SOCK_SEQPACKET, and sockets in a folder, cannot be connected "
     "to"},
    {"process.user.username", "without a meaning on Linux: uid and gid are the user"},
    {"linux.mountLabel", kNoSecurityModule},
    {"linux.namespaces",
     "a type that is not listed is the guest's, never the host's (--pid=host, --ipc=host, "
     "--uts=host); without a network namespace create is refused (--network=host). A path is "
     "refused, except a network's, whose interfaces the machine gets, and those of a container of "
     "kata-runtime, whose machine is joined. A cgroup namespace is always a new one"},
    {"linux.devices",
     "block devices of the host become disks of the machine, /dev/vfio groups its PCI devices; "
     "character devices are the guest's, and one that its kernel lacks is an error. With rules "
     "that allow every device (--privileged) all of the guest's are there and none of the host's"},
    {"linux.resources.memory.kernel", kNotInCgroup2},
    {"linux.resources.memory.kernelTCP", kNotInCgroup2},
    {"linux.resources.memory.swappiness", kNotInCgroup2},
    {"linux.resources.memory.disableOOMKiller", kNotInCgroup2},
    {"linux.resources.memory.useHierarchy", "always so in cgroup v2, which the guest has"},
    {"linux.resources.cpu.realtimeRuntime", kNotInCgroup2},
    {"linux.resources.cpu.realtimePeriod", kNotInCgroup2},
    {"linux.resources.cpu.cpus", kWholeMachine},
    {"linux.resources.cpu.mems", kWholeMachine},
    {"linux.resources.blockIO.weight", kHostDisks},
    {"linux.resources.blockIO.weightDevice", kHostDisks},
    {"linux.resources.blockIO.throttleReadBpsDevice", kHostDisks},
    {"linux.resources.blockIO.throttleWriteBpsDevice", kHostDisks},
    {"linux.resources.blockIO.throttleReadIOPSDevice", kHostDisks},
    {"linux.resources.blockIO.throttleWriteIOPSDevice", kHostDisks},
    {"linux.resources.blockIO.leafWeight", "not applied: kernels since 5.0 have no such limit"},
    {"linux.resources.hugepageLimits",
     "a page size that the guest does not have is no error: it has no pages of that size either"},
    {"linux.resources.network",
     "not applied: classes and priorities are of sockets, and the host sees none of the guest's"},
    {"command line: create --preserve-fds, exec --preserve-fds",
     "not passed on: a descriptor of the host means nothing to the guest's kernel"},
    {"command line: --systemd-cgroup",
     "a path in systemd's form is a scope that systemd makes whether or not this is given; where "
     "systemd is not the init, the runtime makes the cgroup where systemd would put it; a user "
     "without root who may not, runs the machine without one, and limits hold in the guest"},
    {"command line: exec --ignore-paused", "an error, in place of waiting for resume"},
    {"command line: exec --cgroup",
     "an error unless it is /: a process joins the container's cgroup, not one below it"},
    {"command line: checkpoint, restore",
     "there are no such commands: a virtual machine can be neither checkpointed nor restored"},
    {"command line: LISTEN_FDS, NOTIFY_SOCKET",
     "sockets of systemd are not passed on, and their variables not set in the container; a "
     "warning in the log says so. A NOTIFY_SOCKET that is a volume can be written to"},
};

}  // namespace

std::span<const Difference> differences() noexcept { return kDifferences; }

}  // namespace kata::oci
