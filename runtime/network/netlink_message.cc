// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/network/netlink_socket.h"

namespace kata::network {
namespace {

constexpr std::size_t kAttributeHeader = sizeof(nlattr);

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// One attribute at the front of `rest`, which is moved behind it; nothing at the end.
std::optional<std::pair<std::uint16_t, std::string_view>> next_attribute(std::string_view& rest) {
  if (rest.size() < kAttributeHeader) return std::nullopt;
  nlattr header{};
  std::memcpy(&header, rest.data(), sizeof header);
  if (header.nla_len < kAttributeHeader || header.nla_len > rest.size()) {
    throw_error(Code::data_loss, "netlink attribute of {} bytes in a rest of {}", header.nla_len,
                rest.size());
  }
  const std::string_view payload = rest.substr(kAttributeHeader, header.nla_len - kAttributeHeader);
  rest.remove_prefix(std::min(aligned(header.nla_len), rest.size()));
  return std::pair(static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK), payload);
}

}  // namespace

MessageBuilder::MessageBuilder(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  raw(&header, sizeof header);
}

MessageBuilder& MessageBuilder::raw(const void* data, std::size_t size) {
  bytes_.append(static_cast<const char*>(data), size);
  bytes_.resize(aligned(bytes_.size()));
  return *this;
}

MessageBuilder& MessageBuilder::attribute(std::uint16_t type, std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<std::uint16_t>::max() - kAttributeHeader) {
    throw_error(Code::invalid_argument, "netlink attribute {} of {} bytes", type, bytes.size());
  }
  const nlattr header{.nla_len = static_cast<std::uint16_t>(kAttributeHeader + bytes.size()),
                      .nla_type = type};
  raw(&header, sizeof header);
  return raw(bytes.data(), bytes.size());
}

MessageBuilder& MessageBuilder::text(std::uint16_t type, std::string_view value) {
  return attribute(type, std::string(value) + '\0');
}

MessageBuilder& MessageBuilder::nested(std::uint16_t type,
                                       const std::function<void(MessageBuilder&)>& fill) {
  MessageBuilder inner(0, 0);
  inner.bytes_.clear();
  fill(inner);
  return attribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), inner.bytes_);
}

void MessageBuilder::add_flags(std::uint16_t flags) {
  nlmsghdr header{};
  std::memcpy(&header, bytes_.data(), sizeof header);
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | flags);
  std::memcpy(bytes_.data(), &header, sizeof header);
}

std::string MessageBuilder::finish(std::uint32_t sequence) const {
  std::string result = bytes_;
  nlmsghdr header{};
  std::memcpy(&header, result.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(result.size());
  header.nlmsg_seq = sequence;
  std::memcpy(result.data(), &header, sizeof header);
  return result;
}

Attributes::Attributes(std::string_view bytes) : bytes_(bytes) {
  for (std::string_view rest = bytes; next_attribute(rest).has_value();) {
  }
}

std::optional<std::string_view> Attributes::find(std::uint16_t type) const {
  std::string_view rest = bytes_;
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->first == type) return attribute->second;
  }
  return std::nullopt;
}

std::string Attributes::text(std::uint16_t type) const {
  const std::string_view bytes = find(type).value_or("");
  return std::string(bytes.substr(0, bytes.find('\0')));
}

Attributes Attributes::nested(std::uint16_t type) const {
  return Attributes(find(type).value_or(""));
}

void Message::check_size(std::size_t size) const {
  if (payload.size() < size) {
    throw_error(Code::data_loss, "netlink message {} has {} bytes, not {}", type, payload.size(),
                size);
  }
}

Attributes Message::attributes(std::size_t fixed_size) const {
  check_size(fixed_size);
  return Attributes(payload.substr(std::min(aligned(fixed_size), payload.size())));
}

}  // namespace kata::network
