// SPDX-License-Identifier: Apache-2.0
//
// What QEMU says on its QMP connection, in pieces of as many bytes as the first byte tells, while a
// client waits for the answers to the commands of hot-plugging.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/hypervisor/qemu_hotplug.h"
#include "runtime/hypervisor/qmp_client.h"

using namespace kata;
using namespace kata::hypervisor;

namespace {

class PiecewiseTransport final : public QmpTransport {
 public:
  PiecewiseTransport(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}

  asio::awaitable<std::string> read_some() override {
    std::string next(rest_.substr(0, piece_));
    rest_.remove_prefix(next.size());
    co_return next;
  }
  asio::awaitable<void> write(std::string, std::span<const int>) override { co_return; }
  void close() noexcept override { rest_ = {}; }

 private:
  std::string_view rest_;
  std::size_t piece_;
};

/// A command that fails must say so by an Error.
struct OnlyErrors {
  template <typename... Result>
  void operator()(const std::exception_ptr& failure, Result...) const {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const Error&) {
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  asio::io_context io;
  VmConfig config;
  config.hotplug_ports = 2;
  const std::string device = "net0";
  QmpClient client(io.get_executor(), std::make_unique<PiecewiseTransport>(text, data[0] + 1U),
                   [](const std::string&, const Json& event) { (void)event.dump(); });
  QemuHotplug hotplug(client, config);
  // Before the reader starts, so that the answers find who waits for them: ids 1 and 2.
  asio::co_spawn(io, hotplug.grow_vcpus(4), OnlyErrors{});
  asio::co_spawn(io, hotplug.remove_network(device), OnlyErrors{});
  asio::co_spawn(io, client.run(), OnlyErrors{});
  // Not run(): that would wait for the timers between two questions about a device's end.
  io.poll();
  client.close();
  io.poll();
  return 0;
}
