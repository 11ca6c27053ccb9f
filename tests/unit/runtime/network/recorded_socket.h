// SPDX-License-Identifier: Apache-2.0
//
// A netlink socket whose answers are written down in the test.
#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/network/netlink_socket.h"

namespace kata::network {

class RecordedSocket final : public NetlinkSocket {
 public:
  void send(std::string_view datagram) override { sent.emplace_back(datagram); }
  std::string receive() override {
    if (answers.empty()) throw_error(Code::deadline_exceeded, "no recorded answer is left");
    std::string answer = answers.front();
    answers.pop_front();
    return answer;
  }

  /// A message of an answer; `payload` is the fixed part and the attributes.
  static std::string message(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                             std::string_view payload) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = sequence;
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += payload;
    bytes.resize((bytes.size() + 3) & ~std::size_t{3});
    return bytes;
  }

  static std::string done(std::uint32_t sequence, std::uint16_t flags = 0) {
    return message(NLMSG_DONE, flags, sequence, std::string(4, '\0'));
  }

  /// An acknowledgement (0) or an error (negative errno) with an optional extended-ack text.
  static std::string ack(std::uint32_t sequence, int error, std::string_view text = {}) {
    nlmsgerr body{};
    body.error = error;
    std::string bytes(reinterpret_cast<const char*>(&body), sizeof body);
    std::uint16_t flags = NLM_F_CAPPED;
    if (!text.empty()) {
      flags |= NLM_F_ACK_TLVS;
      MessageBuilder attributes(0);
      attributes.text(NLMSGERR_ATTR_MSG, text);
      bytes += attributes.finish(0).substr(sizeof(nlmsghdr));
    }
    return message(NLMSG_ERROR, flags, sequence, bytes);
  }

  std::vector<std::string> sent;
  std::deque<std::string> answers;
};

}  // namespace kata::network
