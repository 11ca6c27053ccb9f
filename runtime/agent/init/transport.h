// SPDX-License-Identifier: Apache-2.0
//
// How the host reaches the agent: the virtio-serial port "agent.channel.0" (one connection at a
// time, which the host may drop and take up again), vsock port 1024, or for tests a unix socket or
// an inherited descriptor.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::agent {

inline constexpr char kSerialPortName[] = "agent.channel.0";
inline constexpr unsigned kVsockPort = 1024;

/// A wait that leaves the thread to others.
[[nodiscard]] asio::awaitable<void> pause_for(std::chrono::milliseconds time);

/// The device file of the port called `name`, e.g. "/dev/vport0p1"; `root` stands before /sys and
/// /dev in tests.
[[nodiscard]] std::optional<std::string> find_serial_port(const std::string& name,
                                                          const std::string& root = "");

/// Whether somebody is at the host's end of an open serial port.
[[nodiscard]] bool host_is_connected(int fd);

/// Listens on vsock for any host; nothing when this kernel or machine has no vsock.
[[nodiscard]] std::optional<UniqueFd> listen_vsock(unsigned port);

/// Serves the host for ever, over vsock and over the serial port, whichever the machine has. Throws
/// Error(not_found) when neither is there after ten seconds.
[[nodiscard]] asio::awaitable<void> serve_host(wire::Server& server, bool vsock_only);

/// Serves at "unix:PATH" (listens) or "fd:NUMBER" (a connected descriptor); for tests. Returns when
/// that connection ends. Throws Error(invalid_argument) for anything else.
[[nodiscard]] asio::awaitable<void> serve_at(wire::Server& server, std::string address);

}  // namespace kata::agent
