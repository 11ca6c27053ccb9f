// SPDX-License-Identifier: Apache-2.0
//
// Netlink as bytes: a socket one can replace by recorded answers, a builder for requests, and
// readers that trust no length they were sent. What the bytes mean is in rtnetlink.h. See
// netlink(7).
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::network {

/// Sends and receives whole datagrams. The seam at which tests put recorded bytes.
class NetlinkSocket {
 public:
  virtual ~NetlinkSocket() = default;
  virtual void send(std::string_view datagram) = 0;
  /// The next datagram; it may hold several messages. Throws Error.
  virtual std::string receive() = 0;
  /// 1, 2, 3, ...: tells answers to different requests apart.
  [[nodiscard]] std::uint32_t next_sequence() noexcept { return ++sequence_; }

 private:
  std::uint32_t sequence_ = 0;
};

/// A NETLINK_ROUTE socket of the calling thread's network namespace; it stays in that namespace for
/// its whole life, whatever the thread does later. Answers are waited for at most ten seconds.
class KernelNetlinkSocket final : public NetlinkSocket {
 public:
  /// Throws Error.
  KernelNetlinkSocket();
  void send(std::string_view datagram) override;
  std::string receive() override;

 private:
  UniqueFd fd_;
  std::unique_ptr<char[]> buffer_;
};

/// Builds one request: header, fixed part, attributes (nested ones too), with their padding.
class MessageBuilder {
 public:
  explicit MessageBuilder(std::uint16_t type, std::uint16_t flags = 0);

  /// Appends the family's fixed part, e.g. an ifinfomsg.
  template <typename Fixed>
  MessageBuilder& fixed(const Fixed& value) {
    return raw(&value, sizeof value);
  }
  MessageBuilder& attribute(std::uint16_t type, std::string_view bytes);
  /// A NUL-terminated string.
  MessageBuilder& text(std::uint16_t type, std::string_view value);
  template <typename Value>
  MessageBuilder& value(std::uint16_t type, const Value& v) {
    return attribute(type, std::string_view(reinterpret_cast<const char*>(&v), sizeof v));
  }
  /// Everything that `fill` adds becomes the payload of attribute `type`.
  MessageBuilder& nested(std::uint16_t type, const std::function<void(MessageBuilder&)>& fill);

  /// Adds NLM_F_* to those of the constructor.
  void add_flags(std::uint16_t flags);
  /// The finished datagram with this sequence number.
  [[nodiscard]] std::string finish(std::uint32_t sequence) const;

 private:
  MessageBuilder& raw(const void* data, std::size_t size);
  std::string bytes_;
};

/// Attributes of a message or of a nested attribute. A length that leaves the buffer ends the list
/// with Error(data_loss).
class Attributes {
 public:
  explicit Attributes(std::string_view bytes);
  /// The payload of the first attribute of this type (the nested flag is ignored).
  [[nodiscard]] std::optional<std::string_view> find(std::uint16_t type) const;
  /// A fixed-size value; nothing when it is absent or has another size.
  template <typename Value>
  [[nodiscard]] std::optional<Value> value(std::uint16_t type) const {
    const std::optional<std::string_view> bytes = find(type);
    if (!bytes || bytes->size() < sizeof(Value)) return std::nullopt;
    Value result;
    __builtin_memcpy(&result, bytes->data(), sizeof result);
    return result;
  }
  /// A string up to its first NUL; empty when absent.
  [[nodiscard]] std::string text(std::uint16_t type) const;
  /// Attributes inside one of this type; an empty list when absent.
  [[nodiscard]] Attributes nested(std::uint16_t type) const;

 private:
  std::string_view bytes_;
};

/// One message of an answer.
struct Message {
  std::uint16_t type = 0;
  std::string_view payload;  ///< fixed part and attributes; valid during the callback only

  /// The fixed part; throws Error(data_loss) when the message is too short for it.
  template <typename Fixed>
  [[nodiscard]] Fixed fixed() const {
    Fixed result;
    check_size(sizeof result);
    __builtin_memcpy(&result, payload.data(), sizeof result);
    return result;
  }
  /// The attributes behind a fixed part of `fixed_size` bytes.
  [[nodiscard]] Attributes attributes(std::size_t fixed_size) const;

 private:
  void check_size(std::size_t size) const;
};

/// Sends a request and waits for its acknowledgement. Throws Error with the kernel's errno and,
/// when it gives one, its extended-ack text.
void request(NetlinkSocket& socket, MessageBuilder message);
/// Sends a dump request and hands every message of the answer to `on_message`; starts over (at most
/// 5 times, so `on_restart` must drop what was collected) when the kernel says that the table
/// changed meanwhile. Throws Error.
void dump(NetlinkSocket& socket, MessageBuilder message,
          const std::function<void(const Message&)>& on_message,
          const std::function<void()>& on_restart);

}  // namespace kata::network
