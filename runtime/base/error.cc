// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/base/log.h"

namespace kata {

Code code_from_errno(int err) noexcept {
  switch (err) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO:
      return Code::not_found;
    case EEXIST:
      return Code::already_exists;
    case EPERM:
    case EACCES:
    case EROFS:
      return Code::permission_denied;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
      return Code::invalid_argument;
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return Code::resource_exhausted;
    case EBUSY:
    case ENOTEMPTY:
      return Code::failed_precondition;
    case ENOSYS:
    case EOPNOTSUPP:
      return Code::unimplemented;
    case ETIMEDOUT:
      return Code::deadline_exceeded;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
      return Code::unavailable;
    default:
      return Code::internal;
  }
}

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::cancelled:
      return "cancelled";
    case Code::unknown:
      return "unknown";
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::deadline_exceeded:
      return "deadline_exceeded";
    case Code::not_found:
      return "not_found";
    case Code::already_exists:
      return "already_exists";
    case Code::permission_denied:
      return "permission_denied";
    case Code::resource_exhausted:
      return "resource_exhausted";
    case Code::failed_precondition:
      return "failed_precondition";
    case Code::aborted:
      return "aborted";
    case Code::out_of_range:
      return "out_of_range";
    case Code::unimplemented:
      return "unimplemented";
    case Code::internal:
      return "internal";
    case Code::unavailable:
      return "unavailable";
    case Code::data_loss:
      return "data_loss";
    case Code::unauthenticated:
      return "unauthenticated";
  }
  return "unknown";
}

std::string errno_text(int err) {
  char buffer[128];
  return ::strerror_r(err, buffer, sizeof buffer);
}

Error::Error(Code code, std::string message, int err)
    : code_(code), err_(err), message_(std::move(message)), what_(message_) {}

void Error::add_context(std::string_view context) {
  what_.insert(0, ": ");
  what_.insert(0, context);
}

namespace detail {

void log_ignored(std::string_view what, std::string_view why) noexcept {
  try {
    log::debug("error ignored because=\"{}\" error=\"{}\"", why, what);
  } catch (...) {  // a log line is not worth dying for
  }
}

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace detail
}  // namespace kata
