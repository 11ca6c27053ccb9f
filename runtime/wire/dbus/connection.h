// SPDX-License-Identifier: Apache-2.0
//
// A connection to a message bus of D-Bus, for a few calls one after the other: blocking, with one
// deadline for all of it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/wire/dbus/message.h"

namespace kata::wire::dbus {

class Connection {
 public:
  /// Connects to the bus that listens at the socket `path`, authenticates by the socket's
  /// credentials (EXTERNAL) and says Hello. Throws Error (not_found, unavailable,
  /// permission_denied, deadline_exceeded).
  Connection(const std::string& path, std::chrono::milliseconds patience);

  /// Sends a call and waits for its result. Throws Error: an error that the peer answered has its
  /// name and its text in the message, and Code::already_exists or not_found where the name says
  /// so. Signals that arrive meanwhile are kept for next_signal().
  Message call(Message request);
  /// Waits for the next signal. Throws Error(deadline_exceeded).
  Message next_signal();

  /// Sends as it is; the serial is set. For whoever serves.
  std::uint32_t send(Message message);
  /// The next message of any kind. Throws Error(deadline_exceeded).
  Message receive();

 private:
  void authenticate();
  std::string read_line();
  void read_exactly(char* data, std::size_t size);

  UniqueFd socket_;
  std::chrono::steady_clock::time_point deadline_;
  std::uint32_t serial_ = 0;
  std::vector<Message> signals_;
};

}  // namespace kata::wire::dbus
