// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/executable.h"

#include <cctype>
#include <cerrno>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

/// strerror's text as Go writes it: lower case.
std::string go_errno_text(int err) {
  std::string text = errno_text(err);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

[[noreturn]] void fail(const std::string& name, int err, std::string_view text) {
  throw Error(code_from_errno(err), fmt::format("exec: \"{}\": {}", name, text), err);
}

}  // namespace

std::string find_executable(const std::string& name, const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) {
    const int err = sys::may_execute(name);
    if (err == EISDIR) fail(name, EACCES, go_errno_text(EACCES));
    if (err == ENOENT || err == ENOTDIR)
      fail(name, err, fmt::format("stat {}: {}", name, go_errno_text(err)));
    if (err != 0) fail(name, err, go_errno_text(err));
    return name;
  }
  std::string_view path;
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  while (!name.empty() && !path.empty()) {
    const std::size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    const std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (sys::may_execute(candidate) == 0) return candidate;
  }
  fail(name, ENOENT, "executable file not found in $PATH");
}

void throw_exec_failure(const std::string& path, int err) {
  throw Error(code_from_errno(err), fmt::format("exec {}: {}", path, go_errno_text(err)), err);
}

}  // namespace kata::agent
