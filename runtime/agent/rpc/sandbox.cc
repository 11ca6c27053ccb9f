// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/rpc/sandbox.h"
#include "runtime/agent/file_watch/change_teller.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxOomEvents = 1024;

}  // namespace

Sandbox::Sandbox(const asio::any_io_executor& executor, SandboxOptions options)
    : executor_(executor),
      options_(std::move(options)),
      storages_(options_.storage_root),
      dns_(std::make_shared<DnsProxy>(executor)),
      sockets_(std::make_shared<SocketRelay>(executor)),
      oom_event_(executor) {}

ContainerEntry& Sandbox::container(const std::string& id) {
  const auto it = containers_.find(id);
  if (it == containers_.end()) throw_error(Code::not_found, "no container {}", id.substr(0, 256));
  return it->second;
}

std::shared_ptr<Process> Sandbox::process(const std::string& container_id,
                                          const std::string& exec_id) {
  ContainerEntry& entry = container(container_id);
  if (const auto it = entry.execs.find(exec_id); it != entry.execs.end()) return it->second;
  if (exec_id.empty() || exec_id == entry.init_exec_id || exec_id == container_id)
    return entry.init;
  throw_error(Code::not_found, "container {} has no process {}", container_id,
              exec_id.substr(0, 256));
}

void Sandbox::add(ContainerEntry entry) {
  entry.init = std::make_shared<Process>(executor_, entry.container->init(), options_.pipe_size);
  entry.init->watch();
  watch_memory(entry);
  const std::string key = entry.container->id();
  containers_.emplace(key, std::move(entry));
  tell_of_host_changes();
}

void Sandbox::tell_of_host_changes() {
  if (*looks_for_watchers_) return;
  *looks_for_watchers_ = true;
  const std::weak_ptr<bool> here = looks_for_watchers_;
  asio::co_spawn(executor_, look_for_watchers([this, here] {
                   return !here.expired() && !containers_.empty();
                 }),
                 [here](const std::exception_ptr& failure) {
                   if (const std::shared_ptr<bool> looks = here.lock()) *looks = false;
                   try {
                     if (failure) std::rethrow_exception(failure);
                   } catch (const std::exception& error) {
                     log::warn("watchers of the host's files are not told of changes error=\"{}\"",
                               error.what());
                   }
                 });
}

void Sandbox::check_exec_id(ContainerEntry& entry, const std::string& exec_id) {
  if (exec_id.empty() || exec_id.size() > 1024)
    throw_error(Code::invalid_argument, "exec id of {} bytes", exec_id.size());
  const auto it = entry.execs.find(exec_id);
  const bool is_init = exec_id == entry.init_exec_id || exec_id == entry.container->id();
  if (is_init || (it != entry.execs.end() && !it->second->status())) {
    throw_error(Code::already_exists, "process {} exists", exec_id);
  }
  if (entry.execs.size() < kMaxExecs) return;
  // Nobody says when an exit status has been read for the last time: the ended ones go when there
  // are too many.
  std::erase_if(entry.execs, [](const auto& item) { return item.second->status().has_value(); });
  if (entry.execs.size() >= kMaxExecs)
    throw_error(Code::resource_exhausted, "more than {} processes", kMaxExecs);
}

void Sandbox::add_exec(ContainerEntry& entry, const std::string& exec_id, StartedProcess started) {
  const auto process = std::make_shared<Process>(executor_, started, options_.pipe_size);
  process->watch();
  if (const auto it = entry.execs.find(exec_id); it != entry.execs.end())
    it->second->close_streams();
  entry.execs[exec_id] = process;
}

asio::awaitable<void> Sandbox::remove(std::string id, unsigned seconds) {
  constexpr unsigned kForEver =
      60;  // a process that SIGKILL does not end within that hangs in the kernel
  ContainerEntry& found = container(id);
  const std::shared_ptr<Process> init = found.init;
  found.container->remove();
  const std::optional<int> status = co_await init->wait_for(seconds == 0 ? kForEver : seconds);
  if (!status) throw_error(Code::deadline_exceeded, "container {}: init has not ended", id);
  const auto it = containers_.find(id);  // another call may have removed it meanwhile
  if (it == containers_.end()) co_return;
  ContainerEntry entry = std::move(it->second);
  containers_.erase(it);
  if (entry.oom_watch >= 0 && inotify_)
    ::inotify_rm_watch(inotify_->native_handle(), entry.oom_watch);
  entry.init->close_streams();
  for (const auto& [name, process] : entry.execs) process->close_streams();
  for (const std::string& storage : entry.storages) storages_.release(storage);
  sockets_->remove(id);
  log::info("container removed id={}", id);
}

std::vector<std::string> Sandbox::container_ids() const {
  std::vector<std::string> ids;
  for (const auto& [key, entry] : containers_) ids.push_back(key);
  return ids;
}

bool Sandbox::is_first_set_up(const std::string& what) {
  const bool is_new = set_up_.insert(what).second;
  return is_new && options_.is_init && containers_.empty();
}

bool Sandbox::reap_known(pid_t pid) {
  const auto reap = [pid](const std::shared_ptr<Process>& process) {
    if (!process || process->pid() != pid || process->status()) return false;
    process->reap();
    return process->status().has_value();
  };
  for (const auto& [key, entry] : containers_) {
    if (reap(entry.init)) return true;
    for (const auto& [name, process] : entry.execs) {
      if (reap(process)) return true;
    }
  }
  return false;
}

int Sandbox::shared_pid_namespace() {
  if (pause_namespace_) return pause_namespace_.get();
  // Children made after unshare(2) are in the new namespace, the agent itself stays; setns(2) takes
  // the next ones home.
  const UniqueFd own = open_file("/proc/self/ns/pid", O_RDONLY);
  sys::unshare(CLONE_NEWPID);
  try {
    pause_ = spawn({.argv = {"/proc/self/exe", kPauseArgument}, .die_with_parent = false});
  } catch (...) {
    sys::setns(own.get(), CLONE_NEWPID);
    throw;
  }
  sys::setns(own.get(), CLONE_NEWPID);
  pause_namespace_ = open_file(fmt::format("/proc/{}/ns/pid", pause_.pid()), O_RDONLY);
  return pause_namespace_.get();
}

void Sandbox::watch_memory(ContainerEntry& entry) {
  const std::string path = entry.container->memory_events_path();
  if (path.empty() || !path_exists(path)) return;
  if (!inotify_) {
    UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd) return;
    inotify_ = std::make_shared<asio::posix::stream_descriptor>(executor_, fd.release());
    asio::co_spawn(executor_, read_memory_events(), asio::detached);
  }
  entry.oom_watch = ::inotify_add_watch(inotify_->native_handle(), path.c_str(), IN_MODIFY);
}

asio::awaitable<void> Sandbox::read_memory_events() {
  for (;;) {
    co_await inotify_->async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    char events[4096];
    while (::read(inotify_->native_handle(), events, sizeof events) > 0) {
    }
    look_for_oom_kills();
  }
}

void Sandbox::look_for_oom_kills() {
  for (auto& [key, entry] : containers_) {
    std::uint64_t count = entry.oom_kills_seen;
    ignore_error([&, &one = entry] { count = one.container->oom_kill_count(); },
                 "the cgroup may be gone");
    if (count <= entry.oom_kills_seen) continue;
    entry.oom_kills_seen = count;
    if (oom_events_.size() >= kMaxOomEvents) oom_events_.pop_front();
    oom_events_.push_back(key);
    log::warn("container out of memory id={}", key);
  }
  if (!oom_events_.empty()) oom_event_.notify_all();
}

asio::awaitable<std::string> Sandbox::next_oom_event() {
  while (oom_events_.empty()) co_await oom_event_.wait();
  std::string container_id = std::move(oom_events_.front());
  oom_events_.pop_front();
  co_return container_id;
}

void pause_main() {
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps then; see wait(2), NOTES
  for (;;) ::pause();
}

}  // namespace kata::agent
