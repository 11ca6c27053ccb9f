// SPDX-License-Identifier: Apache-2.0
//
// Messages of D-Bus, the part of the wire format that a caller of systemd needs: see "Marshaling
// (Wire Format)" and "Message Format" in the D-Bus specification, version 1. Little endian is
// written; a message of the other order is refused, a local bus never sends one. No library does
// this in a static program: those that are packaged load libsystemd or libdbus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kata::wire::dbus {

/// Appends values, each padded to its alignment.
class Writer {
 public:
  void byte(std::uint8_t value) { data_ += static_cast<char>(value); }
  /// Type u, and b with 0 or 1.
  void u32(std::uint32_t value);
  /// Type t.
  void u64(std::uint64_t value);
  /// Types s and o.
  void string(std::string_view value);
  /// Type g: at most 255 characters. Also what begins a variant.
  void signature(std::string_view value);
  void align(std::size_t to);
  /// An array whose elements are aligned to `element`: returns what end_array() needs.
  [[nodiscard]] std::size_t begin_array(std::size_t element);
  void end_array(std::size_t begin, std::size_t element);
  [[nodiscard]] const std::string& data() const noexcept { return data_; }

 private:
  template <typename Value>
  void number(Value value);
  std::string data_;
};

/// Takes values from a message, in order. Every function throws Error(data_loss) when the text ends
/// too early or a length is wrong.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}
  std::uint8_t byte();
  std::uint32_t u32();
  std::uint64_t u64();
  std::string string();
  std::string signature();
  void align(std::size_t to);
  /// Where the array that begins here ends; the reader stands at its first element.
  std::size_t begin_array(std::size_t element);
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] bool at_end() const noexcept { return position_ == data_.size(); }

 private:
  std::string_view take(std::size_t size);
  template <typename Value>
  Value number();
  std::string_view data_;
  std::size_t position_ = 0;
};

enum class Type : std::uint8_t { call = 1, result = 2, error = 3, signal = 4 };

struct Message {
  Type type = Type::call;
  std::uint32_t serial = 0;
  std::uint32_t reply_serial = 0;
  std::string path = {};
  std::string interface = {};
  std::string member = {};
  std::string error_name = {};
  std::string destination = {};
  std::string sender = {};
  std::string signature = {};
  std::string body = {};  ///< as `signature` says
};

/// A call to the bus itself.
[[nodiscard]] Message to_bus(std::string member, std::string signature = {}, std::string body = {});

/// The fixed part of a header: what tells how much follows.
constexpr std::size_t kPrefix = 16;
/// The specification allows 128 MiB; nothing that systemd answers us is near this.
constexpr std::size_t kMaxMessage = 1U << 20;

[[nodiscard]] std::string encode(const Message& message);
/// Size of the whole message whose first kPrefix bytes these are. Throws Error(data_loss).
[[nodiscard]] std::size_t message_size(std::string_view prefix);
/// A whole message. Throws Error(data_loss).
[[nodiscard]] Message decode(std::string_view text);

}  // namespace kata::wire::dbus
