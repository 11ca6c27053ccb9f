// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/process_output.h"

#include <unistd.h>

#include <asio/buffer.hpp>
#include <string_view>

namespace kata::hypervisor {

std::shared_ptr<ProcessOutput> ProcessOutput::start(const asio::any_io_executor& executor,
                                                    UniqueFd fd, ConsoleLog::LineHandler on_line) {
  auto output = std::make_shared<ProcessOutput>(executor, std::move(fd), std::move(on_line));
  output->read();
  return output;
}

ProcessOutput::ProcessOutput(const asio::any_io_executor& executor, UniqueFd fd,
                             ConsoleLog::LineHandler on_line)
    : stream_(executor, fd.release()), log_(std::move(on_line)), buffer_{} {
  set_nonblocking(stream_.native_handle(), true);
}

void ProcessOutput::close() noexcept {
  asio::error_code ignored;
  stream_.close(ignored);
}

void ProcessOutput::drain() {
  // Bounded: a guest could write for ever.
  for (int i = 0; i < 64 && stream_.is_open(); ++i) {
    const ssize_t size = ::read(stream_.native_handle(), buffer_, sizeof buffer_);
    if (size <= 0) return;
    log_.append(std::string_view(buffer_, static_cast<std::size_t>(size)));
  }
}

void ProcessOutput::read() {
  stream_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const asio::error_code& failed) {
                       if (failed || !self->stream_.is_open()) return;
                       asio::error_code err;
                       const std::size_t size =
                           self->stream_.read_some(asio::buffer(self->buffer_), err);
                       if (err && err != asio::error::would_block) return self->close();
                       self->log_.append(std::string_view(self->buffer_, size));
                       self->read();
                     });
}

}  // namespace kata::hypervisor
