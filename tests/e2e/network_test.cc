// SPDX-License-Identifier: Apache-2.0
//
// Docker's networks: published ports, the default bridge, user networks with Docker's DNS.
#include <catch2/catch.hpp>

#include "tests/e2e/inner_host.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/require.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::http_get;

namespace {

std::vector<std::string> web_server(std::vector<std::string> options) {
  for (const char* word :
       {"busybox", "sh", "-c", "echo served > /srv/page; exec httpd -f -p 80 -h /srv"}) {
    options.emplace_back(word);
  }
  return options;
}

}  // namespace

TEST_CASE("a published port is reached by loopback, by the bridge and by the container's address",
          "[e2e]") {
  Docker docker;
  const std::string id = docker.start(web_server({"-p", "18080:80"}));
  const std::string address = docker.inspect(id, "{{.NetworkSettings.IPAddress}}");
  CHECK(
      kata::test::eventually([&] { return http_get("127.0.0.1", 18080, "/page") == "served\n"; }));
  CHECK(http_get(docker.setting("BRIDGE_ADDRESS"), 18080, "/page") == "served\n");
  CHECK(http_get(address, 80, "/page") == "served\n");
}

TEST_CASE("a published port of UDP answers by loopback and by the bridge", "[e2e]") {
  Docker docker;
  docker.start({"-p", "18053:53/udp", "debian", "perl", "-MIO::Socket", "-e",
                R"($s = IO::Socket::INET->new(LocalPort => 53, Proto => "udp") or die;
                   $s->send("got $b") while defined $s->recv($b, 100))"});
  for (const std::string& address : {std::string("127.0.0.1"), docker.setting("BRIDGE_ADDRESS")}) {
    INFO(address);
    CHECK(kata::test::eventually(
        [&] { return kata::test::ask_by_udp(address, 18053, "this") == "got this"; }));
  }
}

TEST_CASE("a container has the address, route and name server the engine chose", "[e2e]") {
  Docker docker;
  const std::string id = docker.start(
      {"--dns", "192.0.2.53", "--mac-address", "02:42:0a:00:00:77", "busybox", "sleep", "1000"});
  const std::string address = docker.inspect(id, "{{.NetworkSettings.IPAddress}}");
  const std::string inside = docker.checked({"exec", id, "ip", "addr", "show", "eth0"});
  CHECK_THAT(inside, Catch::Contains("inet " + address + "/24"));
  CHECK_THAT(inside, Catch::Contains("02:42:0a:00:00:77"));
  CHECK_THAT(docker.checked({"exec", id, "ip", "route"}),
             Catch::Contains("default via " + docker.setting("BRIDGE_ADDRESS") + " dev eth0"));
  CHECK_THAT(docker.checked({"exec", id, "cat", "/etc/resolv.conf"}),
             Catch::Contains("nameserver 192.0.2.53"));
  CHECK(
      docker({"exec", id, "ping", "-c", "1", "-w", "5", docker.setting("BRIDGE_ADDRESS")}).status ==
      0);
}

TEST_CASE("the network is up when the container's program starts", "[e2e]") {
  Docker docker;
  CHECK(docker.run({"busybox", "cat", "/sys/class/net/eth0/operstate"}).output == "up\n");
}

TEST_CASE("containers on the default bridge reach each other by address", "[e2e]") {
  Docker docker;
  const std::string id = docker.start(web_server({}));
  const std::string url =
      "http://" + docker.inspect(id, "{{.NetworkSettings.IPAddress}}") + "/page";
  REQUIRE(kata::test::eventually([&] {
    return docker({"exec", id, "wget", "-qO-", "http://127.0.0.1/page"}).output == "served\n";
  }));
  const CommandResult result = docker.run({"busybox", "wget", "-qO-", url});
  INFO(result.error_output);
  CHECK(result.output == "served\n");
}

TEST_CASE("containers on a user network find each other by name", "[e2e]") {
  Docker docker;
  const std::string network = docker.make_network("kata-e2e-net");
  const std::string first =
      docker.start(web_server({"--network", network, "--name", "kata-e2e-first"}));
  const std::string second =
      docker.start(web_server({"--network", network, "--name", "kata-e2e-second"}));
  CHECK_THAT(docker.checked({"exec", first, "cat", "/etc/resolv.conf"}),
             Catch::Contains("nameserver 127.0.0.11"));
  const auto fetch = [&](const std::string& from, const std::string& name) {
    const CommandResult result = docker({"exec", from, "wget", "-qO-", "http://" + name + "/page"});
    UNSCOPED_INFO(result.error_output);
    return result.output;
  };
  CHECK(kata::test::eventually([&] { return fetch(second, "kata-e2e-first") == "served\n"; }));
  CHECK(kata::test::eventually([&] { return fetch(first, "kata-e2e-second") == "served\n"; }));
  CHECK_THAT(docker.checked({"exec", first, "nslookup", "kata-e2e-second"}),
             Catch::Contains(docker.inspect(
                 second, "{{(index .NetworkSettings.Networks \"kata-e2e-net\").IPAddress}}")));
}

TEST_CASE("a container without a network has only its loopback", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"--network", "none", "busybox", "sh", "-c",
                  "ping -c 1 -w 5 127.0.0.1 >/dev/null && ls /sys/class/net"});
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("lo"));
  CHECK_THAT(result.output, !Catch::Contains("eth0"));
}

TEST_CASE("a container on two networks has an interface on each", "[e2e]") {
  Docker docker;
  const std::string one = docker.make_network("kata-e2e-one");
  const std::string two = docker.make_network("kata-e2e-two");
  const std::string id = docker.create({"--network", one, "busybox", "sleep", "1000"});
  docker.checked({"network", "connect", two, id});
  docker.checked({"start", id});
  for (const std::string& network : {one, two}) {
    const std::string address =
        docker.inspect(id, "{{(index .NetworkSettings.Networks \"" + network + "\").IPAddress}}");
    CHECK_THAT(docker.checked({"exec", id, "ip", "addr"}),
               Catch::Contains("inet " + address + "/"));
  }
}

TEST_CASE("the guest's IPVS balances a service, and counts what it did", "[e2e]") {
  for (const char* program : {"ipvsadm", "curl"}) kata::test::require_program(program);
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "the host's kernel may have no IPVS");
  const CommandResult result = kata::test::run_on_inner_host(docker, R"SH(
ip addr add 192.0.2.1/32 dev lo && ip addr add 192.0.2.2/32 dev lo
mkdir /run/page && echo served > /run/page/index.html
busybox httpd -p 192.0.2.2:80 -h /run/page
ipvsadm -A -t 192.0.2.1:80 -s rr
ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.2:80 -m
for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 10 -o /run/got http://192.0.2.1/; done
cat /run/got
# a timer of the kernel brings them up to date, every second second
tries=0
until ipvsadm -L -n --stats | grep -q '^TCP .* 10 ' && ipvsadm -L -n --rate | grep -q '^TCP .* [1-9]'; do
  tries=$((tries + 1))
  [ $tries -lt 40 ] || { ipvsadm -L -n --stats; ipvsadm -L -n --rate; exit 1; }
  sleep 0.2
done
)SH");
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(result.output == "served\n");
}
