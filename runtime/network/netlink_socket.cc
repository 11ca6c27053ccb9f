// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/netlink_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"

namespace kata::network {
namespace {

constexpr std::size_t kReceiveBuffer = 256U << 10;
constexpr int kMaxRestarts = 5;

void set_option(int fd, int level, int option, int value) {
  // Kernels before 4.12 know no extended acks: an error without its text is still an error.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

/// Throws what an NLMSG_ERROR message says; error 0 is the acknowledgement.
void check_error(const Message& message, std::uint16_t flags) {
  const auto answer = message.fixed<nlmsgerr>();
  if (answer.error == 0) return;
  std::string hint;
  if ((flags & NLM_F_ACK_TLVS) != 0) {
    std::size_t skip = sizeof answer;
    if ((flags & NLM_F_CAPPED) == 0 && answer.msg.nlmsg_len > sizeof answer.msg) {
      skip += answer.msg.nlmsg_len - sizeof answer.msg;
    }
    if (skip <= message.payload.size()) {
      hint = message.attributes(skip).text(NLMSGERR_ATTR_MSG);
    }
  }
  const int err = -answer.error;
  if (hint.empty()) hint = "the kernel refused";
  throw Error(code_from_errno(err), fmt::format("{}: {}", hint, errno_text(err)), err);
}

struct Header {
  std::uint16_t flags;
  Message message;
};

/// The message at the front of `rest`, when it answers `sequence`; messages for others are passed
/// over.
std::optional<Header> next_message(std::string_view& rest, std::uint32_t sequence) {
  while (!rest.empty()) {
    nlmsghdr header{};
    if (rest.size() < sizeof header) throw_error(Code::data_loss, "netlink message cut short");
    std::memcpy(&header, rest.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
      throw_error(Code::data_loss, "netlink message of {} bytes in a datagram with {}",
                  header.nlmsg_len, rest.size());
    }
    const std::string_view payload = rest.substr(sizeof header, header.nlmsg_len - sizeof header);
    rest.remove_prefix(std::min<std::size_t>((header.nlmsg_len + 3U) & ~3U, rest.size()));
    if (header.nlmsg_seq != sequence || header.nlmsg_type == NLMSG_NOOP) continue;
    if (header.nlmsg_type == NLMSG_OVERRUN) throw_error(Code::data_loss, "netlink overrun");
    return Header{header.nlmsg_flags, {header.nlmsg_type, payload}};
  }
  return std::nullopt;
}

/// One pass of a dump; false when the kernel says that it was interrupted by a change.
bool dump_once(NetlinkSocket& socket, const MessageBuilder& message,
               const std::function<void(const Message&)>& on_message) {
  const std::uint32_t sequence = socket.next_sequence();
  socket.send(message.finish(sequence));
  bool consistent = true;
  while (true) {
    const std::string datagram = socket.receive();
    std::string_view rest = datagram;
    while (const std::optional<Header> next = next_message(rest, sequence)) {
      if ((next->flags & NLM_F_DUMP_INTR) != 0) consistent = false;
      if (next->message.type == NLMSG_DONE) return consistent;
      if (next->message.type == NLMSG_ERROR) {
        check_error(next->message, next->flags);
        return consistent;
      }
      on_message(next->message);
    }
  }
}

}  // namespace

KernelNetlinkSocket::KernelNetlinkSocket()
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (!fd_) {
    const int err = errno;
    throw_errno(err, "open a netlink socket");
  }
  set_option(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, 1);
  set_option(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, 1);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void KernelNetlinkSocket::send(std::string_view datagram) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&kernel);
  ssize_t sent = -1;
  do {
    sent = ::sendto(fd_.get(), datagram.data(), datagram.size(), 0, address, sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    const int err = errno;
    throw_errno(err, "send {} bytes by netlink", datagram.size());
  }
}

std::string KernelNetlinkSocket::receive() {
  // Not filled with zeros, and not new for each answer: under emulation that takes longer than the
  // answer.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kReceiveBuffer);
  while (true) {
    sockaddr_nl sender{};
    iovec part{.iov_base = buffer_.get(), .iov_len = kReceiveBuffer};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    const ssize_t size = ::recvmsg(fd_.get(), &header, 0);
    if (size < 0) {
      const int err = errno;
      if (err == EINTR) continue;
      throw_errno(err, "receive a netlink answer");
    }
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      throw_error(Code::resource_exhausted, "netlink answer of more than {} bytes", kReceiveBuffer);
    }
    // Any process may send to our port; only port 0 is the kernel. See netlink(7).
    if (sender.nl_pid == 0) return std::string(buffer_.get(), static_cast<std::size_t>(size));
  }
}

void request(NetlinkSocket& socket, MessageBuilder message) {
  message.add_flags(NLM_F_ACK);
  const std::uint32_t sequence = socket.next_sequence();
  socket.send(message.finish(sequence));
  while (true) {
    const std::string datagram = socket.receive();
    std::string_view rest = datagram;
    while (const std::optional<Header> next = next_message(rest, sequence)) {
      if (next->message.type != NLMSG_ERROR) continue;
      return check_error(next->message, next->flags);
    }
  }
}

void dump(NetlinkSocket& socket, MessageBuilder message,
          const std::function<void(const Message&)>& on_message,
          const std::function<void()>& on_restart) {
  message.add_flags(NLM_F_DUMP);
  for (int i = 0; i < kMaxRestarts; ++i) {
    if (i > 0) on_restart();
    if (dump_once(socket, message, on_message)) return;
  }
  throw_error(Code::unavailable, "the kernel's table changed during each of {} netlink dumps",
              kMaxRestarts);
}

}  // namespace kata::network
