// SPDX-License-Identifier: Apache-2.0
//
// Reads a descriptor in the background until its end into a ConsoleLog.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <memory>

#include "runtime/base/fd.h"
#include "runtime/hypervisor/console_log.h"

namespace kata::hypervisor {

class ProcessOutput : public std::enable_shared_from_this<ProcessOutput> {
 public:
  /// Starts to read. Ends by itself at the end of the stream, or by close().
  static std::shared_ptr<ProcessOutput> start(const asio::any_io_executor& executor, UniqueFd fd,
                                              ConsoleLog::LineHandler on_line = {});
  ProcessOutput(const asio::any_io_executor& executor, UniqueFd fd,
                ConsoleLog::LineHandler on_line);
  void close() noexcept;
  /// Reads what is there now without waiting: the last words of a process that has ended.
  void drain();
  [[nodiscard]] std::string tail() const { return log_.tail(); }

 private:
  void read();
  asio::posix::stream_descriptor stream_;
  ConsoleLog log_;
  char buffer_[4096];
};

}  // namespace kata::hypervisor
