// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/stdio_pump.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/scope_exit.h"

namespace kata::sandbox {
namespace {

constexpr std::size_t kInChunk = 256U << 10;
constexpr std::uint32_t kOutChunk = 1U << 20;

}  // namespace

bool has_null_input(const StdioFds& fds) {
  struct stat status {};
  if (!fds.in || ::fstat(fds.in.get(), &status) != 0) return true;
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);  // null(4)
}

StdioPump::StdioPump(asio::any_io_executor executor, std::shared_ptr<AgentClient> agent,
                     ProcessName name, StdioFds fds, bool terminal)
    : executor_(executor), agent_(std::move(agent)), name_(std::move(name)), drained_(executor) {
  if (fds.in) in_.emplace(executor, std::move(fds.in), Direction::read);
  if (fds.out) out_.emplace(executor, std::move(fds.out), Direction::write);
  if (fds.err && !terminal) err_.emplace(executor, std::move(fds.err), Direction::write);
  open_outputs_ = terminal ? 1 : 2;
}

void StdioPump::start() {
  const bool has_stderr = open_outputs_ == 2;
  spawn(pump_in(), stop_in_);
  spawn(pump_out(false), stop_out_);
  if (has_stderr) spawn(pump_out(true), stop_err_);
}

void StdioPump::spawn(asio::awaitable<void> loop, asio::cancellation_signal& stop) {
  // The signal must outlive the coroutine: the handler holds the last reference to this object.
  asio::co_spawn(executor_, std::move(loop),
                 asio::bind_cancellation_slot(
                     stop.slot(), [self = shared_from_this()](const std::exception_ptr&) {}));
}

void StdioPump::log_end(std::string_view stream, const Error& error) const {
  // Ends that come with the process or its machine are as they should be; an agent that breaks its
  // word is not.
  const log::Level level = error.code() == Code::data_loss ? log::Level::warn : log::Level::debug;
  log::emit(level, "{} ended container={} exec={} error=\"{}\"", stream, name_.container_id,
            name_.exec_id, error.what());
}

asio::awaitable<void> StdioPump::pump_out(bool is_stderr) {
  const std::shared_ptr<StdioPump> self = shared_from_this();
  std::optional<HostStream>& target = is_stderr ? err_ : out_;
  // One piece is written while the guest prepares the next: no more than two are ever here.
  std::shared_ptr<Latch> written;
  try {
    for (;;) {
      grpc::ReadStreamRequest request;
      request.set_container_id(name_.container_id);
      request.set_exec_id(name_.exec_id);
      request.set_len(kOutChunk);
      wire::ReceivedBytes data =
          co_await agent_->read(is_stderr ? "ReadStderr" : "ReadStdout", std::move(request));
      if (data.size == 0) break;
      if (data.size > kOutChunk) {
        throw_error(Code::data_loss, "the agent sent {} bytes where it was asked for {}", data.size,
                    kOutChunk);
      }
      if (written) co_await written->wait();
      written = std::make_shared<Latch>(executor_);
      asio::co_spawn(executor_, write_out(is_stderr, std::move(data), written), asio::detached);
    }
  } catch (const Error& error) {
    log_end("output", error);
  } catch (const std::exception& error) {
    log::debug("output ended container={} exec={} error=\"{}\"", name_.container_id, name_.exec_id,
               error.what());
  }
  try {
    if (written) co_await written->wait();
  } catch (const std::exception&) {  // abandon(): the piece has been given up too
  }
  if (target) target->close();
  if (--open_outputs_ == 0) drained_.set();
}

asio::awaitable<void> StdioPump::write_out(bool is_stderr, wire::ReceivedBytes data,
                                           std::shared_ptr<Latch> written) {
  const std::shared_ptr<StdioPump> self = shared_from_this();
  const ScopeExit done([&] { written->set(); });
  std::optional<HostStream>& target = is_stderr ? err_ : out_;
  // A reader that has gone away does not stop the process: it would get SIGPIPE only from a pipe of
  // its own, so what it still writes is read and dropped.
  if (target && !co_await target->write_all(data.view())) target->close();
}

asio::awaitable<void> StdioPump::pump_in() {
  const std::shared_ptr<StdioPump> self = shared_from_this();
  try {
    std::vector<char> buffer(in_ ? kInChunk : 0);
    while (in_ && !ended_) {
      const std::size_t count = co_await in_->read_some(buffer.data(), buffer.size());
      if (count == 0) break;
      std::string_view rest(buffer.data(), count);
      while (!rest.empty() && !ended_) {
        grpc::WriteStreamRequest request;
        request.set_container_id(name_.container_id);
        request.set_exec_id(name_.exec_id);
        request.set_data(rest.data(), rest.size());
        const auto response = co_await agent_->call<grpc::WriteStreamResponse>(
            "WriteStdin", std::move(request), wire::kNoDeadline);
        if (response.len() == 0 || response.len() > rest.size())
          throw_error(Code::data_loss, "the agent took {} bytes of {}", response.len(),
                      rest.size());
        rest.remove_prefix(response.len());
      }
    }
  } catch (const Error& error) {
    log_end("input", error);
  } catch (const std::exception& error) {
    log::debug("input ended container={} exec={} error=\"{}\"", name_.container_id, name_.exec_id,
               error.what());
  }
  if (in_) in_->close();
  if (!ended_) co_await send_close_stdin();
}

asio::awaitable<void> StdioPump::send_close_stdin() {
  const std::shared_ptr<StdioPump> self = shared_from_this();
  try {
    grpc::CloseStdinRequest request;
    request.set_container_id(name_.container_id);
    request.set_exec_id(name_.exec_id);
    co_await agent_->call<wire::Empty>("CloseStdin", std::move(request));
  } catch (const std::exception& error) {
    log::debug("close stdin container={} exec={} error=\"{}\"", name_.container_id, name_.exec_id,
               error.what());
  }
}

asio::awaitable<bool> StdioPump::drained(std::chrono::milliseconds limit) {
  const std::shared_ptr<StdioPump> self = shared_from_this();
  co_return co_await drained_.wait_for(limit);
}

void StdioPump::close_stdin() {
  // Ending the read makes pump_in() send what it still has and then CloseStdin.
  if (in_) in_->close();
}

void StdioPump::end_stdin() {
  ended_ = true;
  if (in_) in_->close();
}

void StdioPump::abandon() {
  end_stdin();
  if (out_) out_->close();
  if (err_) err_->close();
  for (asio::cancellation_signal* stop : {&stop_in_, &stop_out_, &stop_err_})
    stop->emit(asio::cancellation_type::terminal);
  drained_.set();
}

}  // namespace kata::sandbox
