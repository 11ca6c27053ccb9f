// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/dbus/message.h"

#include <bit>
#include <cstring>

#include "runtime/base/error.h"

namespace kata::wire::dbus {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they are");

// Header fields, by the numbers of the specification.
enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSender = 7,
  kSignature = 8,
  kUnixFds = 9,
};
constexpr std::uint8_t kVersion = 1;

std::size_t padding(std::size_t position, std::size_t to) { return (to - position % to) % to; }

void add_text(Writer& header, Field field, std::string_view type, const std::string& value) {
  if (value.empty()) return;
  header.align(8);
  header.byte(field);
  header.signature(type);
  if (type == "g") {
    header.signature(value);
  } else {
    header.string(value);
  }
}

void read_field(Reader& reader, Message& message) {
  const std::uint8_t field = reader.byte();
  const std::string type = reader.signature();
  if (type == "u") {
    const std::uint32_t value = reader.u32();
    if (field == kReplySerial) message.reply_serial = value;
    return;
  }
  if (type != "s" && type != "o" && type != "g")
    throw_error(Code::data_loss, "D-Bus: a header field of type {}", type);
  std::string value = type == "g" ? reader.signature() : reader.string();
  switch (field) {
    case kPath:
      message.path = std::move(value);
      break;
    case kInterface:
      message.interface = std::move(value);
      break;
    case kMember:
      message.member = std::move(value);
      break;
    case kErrorName:
      message.error_name = std::move(value);
      break;
    case kDestination:
      message.destination = std::move(value);
      break;
    case kSender:
      message.sender = std::move(value);
      break;
    case kSignature:
      message.signature = std::move(value);
      break;
    default:
      break;  // fields of later versions are to be passed over
  }
}

}  // namespace

void Writer::align(std::size_t to) { data_.append(padding(data_.size(), to), '\0'); }

template <typename Value>
void Writer::number(Value value) {
  align(sizeof value);
  data_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void Writer::u32(std::uint32_t value) { number(value); }
void Writer::u64(std::uint64_t value) { number(value); }

void Writer::string(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  data_.append(value).append(1, '\0');
}

void Writer::signature(std::string_view value) {
  byte(static_cast<std::uint8_t>(value.size()));
  data_.append(value).append(1, '\0');
}

std::size_t Writer::begin_array(std::size_t element) {
  u32(0);
  const std::size_t begin = data_.size();
  align(element);
  return begin;
}

void Writer::end_array(std::size_t begin, std::size_t element) {
  // The padding before the first element does not count.
  const auto size = static_cast<std::uint32_t>(data_.size() - begin - padding(begin, element));
  std::memcpy(data_.data() + begin - sizeof size, &size, sizeof size);
}

std::string_view Reader::take(std::size_t size) {
  if (size > data_.size() - position_)
    throw_error(Code::data_loss, "D-Bus: a message ends in the middle of a value");
  const std::string_view part = data_.substr(position_, size);
  position_ += size;
  return part;
}

void Reader::align(std::size_t to) { take(padding(position_, to)); }

std::uint8_t Reader::byte() { return static_cast<std::uint8_t>(take(1).front()); }

template <typename Value>
Value Reader::number() {
  Value value = 0;
  align(sizeof value);
  std::memcpy(&value, take(sizeof value).data(), sizeof value);
  return value;
}

std::uint32_t Reader::u32() { return number<std::uint32_t>(); }
std::uint64_t Reader::u64() { return number<std::uint64_t>(); }

std::string Reader::string() {
  const std::size_t size = u32();
  std::string value(take(size));
  take(1);
  return value;
}

std::string Reader::signature() {
  const std::size_t size = byte();
  std::string value(take(size));
  take(1);
  return value;
}

std::size_t Reader::begin_array(std::size_t element) {
  const std::size_t size = u32();
  align(element);
  if (size > data_.size() - position_)
    throw_error(Code::data_loss, "D-Bus: an array is longer than its message");
  return position_ + size;
}

Message to_bus(std::string member, std::string signature, std::string body) {
  return {.path = "/org/freedesktop/DBus",
          .interface = "org.freedesktop.DBus",
          .member = std::move(member),
          .destination = "org.freedesktop.DBus",
          .signature = std::move(signature),
          .body = std::move(body)};
}

std::string encode(const Message& message) {
  Writer text;
  text.byte('l');
  text.byte(static_cast<std::uint8_t>(message.type));
  text.byte(0);
  text.byte(kVersion);
  text.u32(static_cast<std::uint32_t>(message.body.size()));
  text.u32(message.serial);
  const std::size_t fields = text.begin_array(8);
  add_text(text, kPath, "o", message.path);
  add_text(text, kInterface, "s", message.interface);
  add_text(text, kMember, "s", message.member);
  add_text(text, kErrorName, "s", message.error_name);
  if (message.reply_serial != 0) {
    text.align(8);
    text.byte(kReplySerial);
    text.signature("u");
    text.u32(message.reply_serial);
  }
  add_text(text, kDestination, "s", message.destination);
  add_text(text, kSignature, "g", message.signature);
  text.end_array(fields, 8);
  text.align(8);
  return text.data() + message.body;
}

std::size_t message_size(std::string_view prefix) {
  Reader reader(prefix);
  if (reader.byte() != 'l')
    throw_error(Code::data_loss, "D-Bus: a message of the other byte order");
  reader.byte();
  reader.byte();
  if (reader.byte() != kVersion) throw_error(Code::data_loss, "D-Bus: not version 1");
  const std::size_t body = reader.u32();
  reader.u32();
  const std::size_t fields = reader.u32();
  if (body > kMaxMessage || fields > kMaxMessage)
    throw_error(Code::data_loss, "D-Bus: a message of {} bytes", body + fields);
  return kPrefix + fields + padding(fields, 8) + body;
}

Message decode(std::string_view text) {
  if (text.size() < kPrefix || text.size() != message_size(text.substr(0, kPrefix)))
    throw_error(Code::data_loss, "D-Bus: a message of the wrong length");
  Reader reader(text);
  Message message;
  reader.byte();
  message.type = static_cast<Type>(reader.byte());
  reader.byte();
  reader.byte();
  const std::size_t body = reader.u32();
  message.serial = reader.u32();
  const std::size_t end = reader.begin_array(8);
  while (reader.position() < end) {
    reader.align(8);
    read_field(reader, message);
  }
  message.body = std::string(text.substr(text.size() - body));
  return message;
}

}  // namespace kata::wire::dbus
