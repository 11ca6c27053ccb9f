// SPDX-License-Identifier: Apache-2.0
//
// Networks that come and go while the container runs, of which no engine tells the runtime, and
// IPv6.
#include <catch2/catch.hpp>

#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"

using Catch::Matchers::Contains;
using kata::CommandResult;
using kata::test::Docker;
using kata::test::eventually;

namespace {

constexpr std::chrono::seconds kPatience{30};

std::string address_on(Docker& docker, const std::string& id, const std::string& network) {
  return docker.inspect(id, "{{(index .NetworkSettings.Networks \"" + network + "\").IPAddress}}");
}

std::string addresses_in(Docker& docker, const std::string& id) {
  return docker.checked({"exec", id, "ip", "-o", "-4", "addr"});
}

bool comes_to_have(Docker& docker, const std::string& id, const std::string& text) {
  return eventually([&] { return addresses_in(docker, id).find(text) != std::string::npos; },
                    kPatience);
}

bool comes_to_lack(Docker& docker, const std::string& id, const std::string& text) {
  return eventually([&] { return addresses_in(docker, id).find(text) == std::string::npos; },
                    kPatience);
}

std::string make_web_server(Docker& docker, const std::string& network, const std::string& name) {
  return docker.start({"--network", network, "--name", name, "busybox", "sh", "-c",
                       "echo served > /srv/page; exec httpd -f -p 80 -h /srv"});
}

}  // namespace

TEST_CASE("a network that is connected while the container runs is used at once", "[e2e]") {
  Docker docker;
  const std::string live = docker.make_network("kata-e2e-live");
  const std::string other = docker.make_network("kata-e2e-other");
  const auto before = kata::test::host_state(docker);
  const std::string peer = make_web_server(docker, live, "kata-e2e-peer");
  const std::string id = docker.start({"busybox", "sleep", "1000"});
  const std::string first = addresses_in(docker, id);
  CHECK_THAT(first, Contains("eth0") && !Contains("eth1"));

  docker.checked({"network", "connect", live, id});
  REQUIRE(comes_to_have(docker, id, " " + address_on(docker, id, live) + "/"));
  // By its name: Docker's resolver is there since now.
  CHECK(eventually([&] {
    return docker({"exec", id, "wget", "-qO-", "http://kata-e2e-peer/page"}).output == "served\n";
  }));

  // Ten of them, faster than they can be followed; what counts is the last.
  for (int i = 0; i < 10; ++i) {
    docker.checked({"network", "connect", other, id});
    docker.checked({"network", "disconnect", other, id});
  }
  docker.checked({"network", "disconnect", live, id});
  CHECK(comes_to_lack(docker, id, "eth1"));
  CHECK(eventually([&] { return addresses_in(docker, id) == first; }, kPatience));

  // The card that the machine has started with serves the next network.
  docker.checked({"network", "disconnect", "bridge", id});
  CHECK(comes_to_lack(docker, id, "eth"));
  docker.checked({"network", "connect", live, id});
  REQUIRE(comes_to_have(docker, id, " " + address_on(docker, id, live) + "/"));
  CHECK(eventually([&] {
    return docker({"exec", id, "wget", "-qO-", "http://kata-e2e-peer/page"}).output == "served\n";
  }));
  const std::string gateway =
      docker.checked({"network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", live});
  CHECK_THAT(docker.checked({"exec", id, "ip", "route"}), Contains("default via " + gateway));
  docker.checked({"rm", "-f", id, peer});
  CHECK(kata::test::left_behind(docker, before) == "");
}

TEST_CASE("containers on a network with IPv6 reach each other by it", "[e2e]") {
  Docker docker;
  const std::string network =
      docker.make_network("kata-e2e-six", {"--ipv6", "--subnet", "fd00:6b61:7461::/64"});
  const std::string server =
      docker.start({"--network", network, "--name", "kata-e2e-six-server", "busybox", "sh", "-c",
                    "echo six > /srv/page; exec httpd -f -p [::]:80 -h /srv"});
  const std::string address = docker.inspect(
      server, "{{(index .NetworkSettings.Networks \"kata-e2e-six\").GlobalIPv6Address}}");
  CHECK_THAT(docker.checked({"exec", server, "ip", "-6", "addr", "show", "eth0"}),
             Contains("inet6 " + address + "/64"));
  CHECK_THAT(docker.checked({"exec", server, "ip", "-6", "route"}),
             Contains("default via fd00:6b61:7461::1 dev eth0"));
  const CommandResult client = docker.run(
      {"--network", network, "busybox", "sh", "-c",
       "ping -6 -c 2 -w 20 kata-e2e-six-server >&2 && wget -qO- http://[" + address + "]/page"});
  INFO(client.error_output);
  CHECK(client.status == 0);
  CHECK(client.output == "six\n");
}
