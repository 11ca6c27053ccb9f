// SPDX-License-Identifier: Apache-2.0
//
// What AddressSanitizer asks a program for when it starts and when it ends; part of every program
// of the preset `asan`. ASAN_OPTIONS has the last word, but does not reach programs that start with
// an environment of their own.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace {

/// Whether this is a process of the machine's own namespaces of users and processes, which can stop
/// and read its threads.
bool is_outside_of_sandboxes() {
  const int fd = ::open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<char, 128> text{};
  const ssize_t size = ::read(fd, text.data(), text.size());
  ::close(fd);
  std::array<char, 32> self{};
  const ssize_t length = ::readlink("/proc/self", self.data(), self.size());
  if (size <= 0 || length <= 0) return false;
  pid_t pid = 0;
  for (const char digit : std::string_view(self.data(), static_cast<std::size_t>(length))) {
    pid = pid * 10 + (digit - '0');
  }
  // The whole range is mapped, and /proc counts processes as we do.
  return pid == ::getpid() &&
         std::string_view(text.data(), static_cast<std::size_t>(size)).find("4294967295") !=
             std::string_view::npos;
}

}  // namespace

/// Freed memory is kept from reuse up to 8 MiB, not 256: tests judge how much a process grows.
/// Asio 1.22 asks whether there is an aligned_alloc before or after the library has told, as the
/// order of includes is, and so frees some memory by another way than it was allocated.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:quarantine_size_mb=8:alloc_dealloc_mismatch=0";
}

/// The search for leaks is done by a tracer, which fails, and the program with it, in a sandbox of
/// namespaces.
extern "C" int __lsan_is_turned_off() { return is_outside_of_sandboxes() ? 0 : 1; }
