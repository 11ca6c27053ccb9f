// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {
namespace {

constexpr std::uint32_t kIngressHandle = 0xffff0000;  // "ffff:", the ingress qdisc's fixed handle
constexpr std::uint32_t kPriority = 1;

tcmsg traffic_header(int link, std::uint32_t handle, std::uint32_t parent) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = link;
  header.tcm_handle = handle;
  header.tcm_parent = parent;
  return header;
}

/// A u32 selector whose one key masks all bits away, so that every frame matches. Not matchall:
/// enterprise and small kernels often lack it, see tc-u32(8).
std::string match_all() {
  tc_u32_sel selector{};
  selector.flags = TC_U32_TERMINAL;
  selector.nkeys = 1;
  const tc_u32_key key{};
  std::string bytes(reinterpret_cast<const char*>(&selector), sizeof selector);
  bytes.append(reinterpret_cast<const char*>(&key), sizeof key);
  return bytes;
}

}  // namespace

void add_ingress(NetlinkSocket& socket, int link) {
  MessageBuilder message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
  message.fixed(traffic_header(link, kIngressHandle, TC_H_INGRESS)).text(TCA_KIND, "ingress");
  try {
    request(socket, std::move(message));
  } catch (Error& error) {
    if (error.err() == EEXIST) return;
    error.add_context(fmt::format("add an ingress qdisc to interface {}", link));
    throw;
  }
}

void delete_ingress(NetlinkSocket& socket, int link) {
  MessageBuilder message(RTM_DELQDISC);
  message.fixed(traffic_header(link, kIngressHandle, TC_H_INGRESS));
  try {
    request(socket, std::move(message));
  } catch (Error& error) {
    // No such qdisc: ENOENT, on some kernels EINVAL. No such interface: ENODEV.
    if (error.err() == ENOENT || error.err() == EINVAL || error.err() == ENODEV) return;
    error.add_context(fmt::format("delete the ingress qdisc of interface {}", link));
    throw;
  }
}

void redirect_ingress(NetlinkSocket& socket, int from, int to) {
  tcmsg header = traffic_header(from, 0, kIngressHandle);
  header.tcm_info = TC_H_MAKE(kPriority << 16, htons(ETH_P_ALL));
  tc_mirred mirred{};
  mirred.action = TC_ACT_STOLEN;
  mirred.eaction = TCA_EGRESS_REDIR;
  mirred.ifindex = static_cast<std::uint32_t>(to);
  MessageBuilder message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
  message.fixed(header).text(TCA_KIND, "u32");
  message.nested(TCA_OPTIONS, [&](MessageBuilder& options) {
    options.attribute(TCA_U32_SEL, match_all());
    options.nested(TCA_U32_ACT, [&](MessageBuilder& actions) {
      actions.nested(1, [&](MessageBuilder& action) {
        action.text(TCA_ACT_KIND, "mirred");
        action.nested(TCA_ACT_OPTIONS, [&](MessageBuilder& parameters) {
          parameters.value(TCA_MIRRED_PARMS, mirred);
        });
      });
    });
  });
  in_context([&] { request(socket, std::move(message)); },
             "redirect the frames of interface {} to {}", from, to);
}

}  // namespace kata::network
