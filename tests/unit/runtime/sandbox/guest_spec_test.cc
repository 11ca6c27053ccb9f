// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/guest_spec.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/wire/device_rules.h"

using namespace kata;
using namespace kata::sandbox;

namespace {

struct Shared {
  std::string source;
  std::string name;
  Access access;
};

GuestView view_into(std::vector<Shared>& shared) {
  return {.rootfs = "/run/kata-containers/shared/containers/c1/rootfs",
          .share =
              [&shared](const std::string& source, const std::string& name, Access access) {
                shared.push_back({source, name, access});
                return "/guest/" + name;
              },
          .share_memory = [](const std::string& source,
                             std::uint64_t bytes) { return fmt::format("{}:{}", source, bytes); },
          .namespaces = {{"uts", "/proc/7/ns/uts"}}};
}

grpc::Mount& add_mount(grpc::Spec& spec, const std::string& type, const std::string& source,
                       const std::string& destination,
                       const std::vector<std::string>& options = {}) {
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_type(type);
  mount.set_source(source);
  mount.set_destination(destination);
  for (const std::string& option : options) mount.add_options(option);
  return mount;
}

}  // namespace

TEST_CASE("bind mounts go through the shared folder, read-only ones read-only", "[guest_spec]") {
  const TempDir dir;
  grpc::Spec spec;
  add_mount(spec, "bind", dir.path(), "/data", {"rbind", "ro"});
  add_mount(spec, "none", dir.path(), "/more", {"bind", "rw"});
  add_mount(spec, "bind", dir.path(), "/all", {"rbind", "rro"});
  std::vector<Shared> shared;
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  REQUIRE(shared.size() == 3);
  CHECK(shared[2].access == Access::recursively_read_only);
  CHECK(shared[0].source == dir.path());
  CHECK(shared[0].access == Access::read_only);
  CHECK(shared[1].access == Access::read_write);
  CHECK(guest.mounts(0).source() == "/guest/mounts/0-data");
  CHECK(guest.mounts(1).source() == "/guest/mounts/1-more");
  CHECK(guest.mounts(1).type() == "bind");
}

TEST_CASE("mounts of two destinations with one name stay apart", "[guest_spec]") {
  const TempDir dir;
  grpc::Spec spec;
  add_mount(spec, "bind", dir.path(), "/a/x");
  add_mount(spec, "bind", dir.path(), "/b/x");
  std::vector<Shared> shared;
  (void)guest_spec(spec, "c1", view_into(shared));
  CHECK(shared[0].name != shared[1].name);
}

TEST_CASE("shared memory of the host becomes a tmpfs of the guest", "[guest_spec]") {
  grpc::Spec spec;
  add_mount(spec, "bind", "/no/such/shm", "/dev/shm/", {"rbind"});
  std::vector<Shared> shared;
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  CHECK(shared.empty());
  CHECK(guest.mounts(0).type() == "bind");
  CHECK(guest.mounts(0).source() == "/no/such/shm:67108864");
}

TEST_CASE("kernel file systems are the guest's own", "[guest_spec]") {
  grpc::Spec spec;
  add_mount(spec, "bind", "/sys/fs/cgroup", "/sys/fs/cgroup", {"rbind", "ro"});
  std::vector<Shared> shared;
  CHECK(guest_spec(spec, "c1", view_into(shared)).mounts(0).source() == "/sys/fs/cgroup");
  CHECK(shared.empty());
}

TEST_CASE(
    "all devices of the host bound to their places are the guest's, where nothing is kept from it",
    "[guest_spec]") {
  grpc::Spec spec;
  add_mount(spec, "bind", "/dev/null", "/dev/null", {"slave", "rw", "rbind"});
  add_mount(spec, "bind", "/dev/full", "/dev/full", {"slave", "rw", "rbind"});
  add_mount(spec, "bind", "/dev/null", "/etc/hidden", {"rbind"});
  std::vector<Shared> shared;
  const bool is_confined = GENERATE(false, true);
  if (is_confined) spec.mutable_linux()->add_masked_paths("/proc/kcore");
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  CHECK(guest.mounts_size() == (is_confined ? 3 : 1));
  CHECK(guest.mounts().rbegin()->destination() == "/etc/hidden");
  CHECK(wire::allows_every_device(guest.linux().resources()) == !is_confined);
}

TEST_CASE("host namespaces, CPU numbers, labels and hooks do not reach the guest", "[guest_spec]") {
  grpc::Spec spec;
  grpc::Linux& linux_part = *spec.mutable_linux();
  for (const char* type : {"pid", "network", "mount"}) linux_part.add_namespaces()->set_type(type);
  linux_part.add_namespaces()->set_type("ipc");
  linux_part.mutable_namespaces(3)->set_path("/proc/1/ns/ipc");
  linux_part.mutable_resources()->mutable_cpu()->set_cpus("6-7");
  linux_part.mutable_resources()->mutable_cpu()->set_shares(512);
  linux_part.set_cgroups_path("/docker/c1");
  spec.mutable_hooks()->add_prestart()->set_path("/bin/hook");
  spec.mutable_hooks()->add_start_container()->set_path("/bin/inside");
  spec.mutable_process()->set_selinux_label("system_u:system_r:container_t:s0");
  std::vector<Shared> shared;
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  REQUIRE(guest.linux().namespaces_size() == 4);
  CHECK(guest.linux().namespaces(3).type() == "cgroup");  // always of the container's own
  for (const grpc::LinuxNamespace& space : guest.linux().namespaces()) {
    CHECK(space.type() != "network");
    CHECK(space.path().empty());
  }
  CHECK(guest.linux().resources().cpu().cpus().empty());
  CHECK(guest.linux().resources().cpu().shares() == 512);
  CHECK(guest.linux().cgroups_path() == "/kata/c1");
  CHECK(guest.hooks().prestart().empty());
  REQUIRE(guest.hooks().start_container_size() == 1);
  CHECK(guest.hooks().start_container(0).path() == "/bin/inside");
  CHECK(guest.process().selinux_label().empty());
}

TEST_CASE("a namespace of the pod that the guest has is joined there", "[guest_spec]") {
  grpc::Spec spec;
  grpc::LinuxNamespace& space = *spec.mutable_linux()->add_namespaces();
  space.set_type("uts");
  space.set_path("/proc/4711/ns/uts");
  std::vector<Shared> shared;
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  REQUIRE(guest.linux().namespaces_size() == 2);
  CHECK(guest.linux().namespaces(0).path() == "/proc/7/ns/uts");
}

TEST_CASE("a user namespace of the host is refused", "[guest_spec]") {
  grpc::Spec spec;
  grpc::LinuxNamespace& space = *spec.mutable_linux()->add_namespaces();
  space.set_type("user");
  space.set_path("/proc/1/ns/user");
  std::vector<Shared> shared;
  // As Podman asks for containers of a pod that was made with --userns or --uidmap.
  CHECK_THROWS_WITH(guest_spec(spec, "c1", view_into(shared)),
                    Catch::Contains("/proc/1/ns/user") && Catch::Contains("--infra=false"));
}

TEST_CASE("an overlay of folders of the host is put together there", "[guest_spec]") {
  grpc::Spec spec;
  add_mount(spec, "overlay", "/store/merge", "/o",
            {"lowerdir=/l", "upperdir=/u,workdir=/w", "rprivate"});
  std::vector<Shared> shared;
  GuestView view = view_into(shared);
  std::string layers;
  view.share_overlay = [&](const std::string& options, const std::string& name) {
    layers = options;
    return "/guest/" + name;
  };
  const grpc::Mount mount = guest_spec(spec, "c1", view).mounts(0);
  CHECK(layers == "lowerdir=/l,upperdir=/u,workdir=/w");
  CHECK(mount.source() == "/guest/mounts/0-o");
  CHECK(mount.type() == "bind");
  CHECK(mount.options_size() == 2);
  CHECK(mount.options(0) == "rprivate");
}

TEST_CASE("a container for systemd may write to its cgroup", "[guest_spec]") {
  grpc::Spec spec;
  add_mount(spec, "cgroup", "cgroup", "/sys/fs/cgroup", {"ro", "nosuid"});
  add_mount(spec, "bind", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/systemd", {"bind", "rw"});
  std::vector<Shared> shared;
  const grpc::Spec guest = guest_spec(spec, "c1", view_into(shared));
  REQUIRE(guest.mounts_size() == 1);
  CHECK(guest.mounts(0).options(0) == "rw");
}
