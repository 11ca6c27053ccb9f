// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/output.h"

#include <cerrno>
#include <cstdio>

#include "runtime/base/error.h"

namespace kata::cli {

void flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw_errno(errno != 0 ? errno : EIO, "write to standard output");
}

void print_line(const std::string& line) {
  std::puts(line.c_str());
  flush_output();
}

}  // namespace kata::cli
