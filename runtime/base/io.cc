// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/remove_tree.h"

namespace kata {

std::string read_all(int fd, std::size_t limit) {
  std::string data;
  std::size_t used = 0;
  for (;;) {
    if (data.size() - used < 4096) data.resize(data.size() < 8192 ? 8192 : data.size() * 2);
    const ssize_t count = ::read(fd, data.data() + used, data.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read descriptor {}", fd);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > limit) throw_error(Code::resource_exhausted, "more than {} bytes to read", limit);
  }
  data.resize(used);
  return data;
}

std::string read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  return in_context([&] { return read_all(fd.get(), limit); }, "read {}", path);
}

std::optional<std::string> read_file_if_exists(const std::string& path) {
  try {
    return read_file(path);
  } catch (const Error& error) {
    if (error.err() == ENOENT || error.err() == ENOTDIR) return std::nullopt;
    throw;
  }
}

std::string read_line_of(const std::string& path) {
  std::string text = read_file(path);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\0')) {
    text.pop_back();
  }
  return text;
}

void write_kernel_file(const std::string& path, std::string_view text) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_TRUNC);
  ssize_t count;
  do {
    count = ::write(fd.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_errno(errno, "write \"{}\" to {}", text, path);
  if (static_cast<std::size_t>(count) != text.size()) {
    throw_error(Code::internal, "write \"{}\" to {}: only {} bytes were taken", text, path, count);
  }
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "write {} bytes to descriptor {}", data.size(), fd);
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

void write_file(const std::string& path, std::string_view text, unsigned mode) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  in_context([&] { write_all(fd.get(), text); }, "write {}", path);
}

void write_file_atomic(const std::string& path, std::string_view text, unsigned mode) {
  std::string temporary = path + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) throw_errno(errno, "create a temporary file beside {}", path);
  try {
    if (::fchmod(fd.get(), mode) != 0) throw_errno(errno, "set the mode of {}", temporary);
    in_context([&] { write_all(fd.get(), text); }, "write {}", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw_errno(errno, "rename {} to {}", temporary, path);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void make_directories(const std::string& path, unsigned mode) {
  if (path.empty() || path == "/") return;
  if (::mkdir(path.c_str(), mode) == 0) return;
  const int err = errno;
  if (err == EEXIST) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
    throw_errno(ENOTDIR, "create folder {}", path);
  }
  if (err != ENOENT) throw_errno(err, "create folder {}", path);
  std::size_t end = path.find_last_not_of('/');
  end = end == std::string::npos ? end : path.find_last_of('/', end);
  if (end == std::string::npos) throw_errno(err, "create folder {}", path);  // a plain name
  make_directories(path.substr(0, end), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    throw_errno(errno, "create folder {}", path);
}

TempDir::TempDir(const std::string& parent, std::string_view prefix)
    : path_(fmt::format("{}/{}XXXXXX", parent, prefix)) {
  if (::mkdtemp(path_.data()) == nullptr)
    throw_errno(errno, "create a temporary folder in {}", parent);
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  ignore_error([&] { remove_tree(path_); }, "what is mounted there belongs to somebody else");
}

}  // namespace kata
