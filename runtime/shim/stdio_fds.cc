// SPDX-License-Identifier: Apache-2.0
#include "runtime/shim/stdio_fds.h"

#include <fcntl.h>

#include "runtime/base/error.h"

namespace kata::shim {
namespace {

sandbox::StdioFds from_handoff(std::vector<UniqueFd> fds, bool terminal) {
  if (fds.size() != (terminal ? 1U : 3U)) {
    throw_error(Code::invalid_argument, "{} descriptors handed over for a process {} a terminal",
                fds.size(), terminal ? "with" : "without");
  }
  sandbox::StdioFds result;
  if (terminal) {
    result.out = fds[0].duplicate();
    result.in = std::move(fds[0]);
  } else {
    result.in = std::move(fds[0]);
    result.out = std::move(fds[1]);
    result.err = std::move(fds[2]);
  }
  return result;
}

UniqueFd open_output(const std::string& path) {
  if (path.empty()) return UniqueFd();
  constexpr std::string_view kFile = "file://";
  if (path.starts_with(kFile))
    return open_file(path.substr(kFile.size()), O_WRONLY | O_CREAT | O_APPEND, 0640);
  // Read-write, so that the open does not wait for a reader and an early reader's end does not
  // break the pipe.
  return open_file(path, O_RDWR);
}

}  // namespace

sandbox::StdioFds open_stdio(sandbox::StdioHandoff& handoff, const std::string& in,
                             const std::string& out, const std::string& err, bool terminal) {
  if (in.starts_with(sandbox::kHandoffScheme)) {
    return from_handoff(handoff.take(in.substr(sandbox::kHandoffScheme.size())), terminal);
  }
  sandbox::StdioFds result;
  if (!in.empty()) result.in = open_file(in, O_RDONLY | O_NONBLOCK);
  result.out = open_output(out);
  if (!terminal) result.err = open_output(err);
  return result;
}

}  // namespace kata::shim
