// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

/// %v with JSON escapes; everything around it is a plain spdlog pattern.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string escaped =
        json_escape(std::string_view(message.payload.data(), message.payload.size()));
    out.append(escaped.data(), escaped.data() + escaped.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

std::unique_ptr<spdlog::formatter> json_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMessage>('*').set_pattern(
      R"({"level":"%l","msg":"%*","time":"%Y-%m-%dT%H:%M:%SZ"})");
  return formatter;
}

/// The guest agent's log, without spdlog: its registry and formatters are code that an emulated
/// guest would have to translate for a few lines. One write(2) a line, with the syslog priority the
/// kernel reads; see /dev/kmsg in Documentation/ABI/testing/dev-kmsg.
struct KernelLog {
  UniqueFd fd;
  Level threshold = Level::info;
  std::string program;

  void write(Level level, std::string_view text) const {
    if (!fd) return;
    const char priority = level == Level::error  ? '3'
                          : level == Level::warn ? '4'
                          : level == Level::info ? '6'
                                                 : '7';
    std::string line = "<";
    line += priority;
    line += '>';
    line += program;
    line += ": ";
    line += text;
    line += '\n';
    [[maybe_unused]] const ssize_t written = ::write(fd.get(), line.data(), line.size());
  }
};

std::optional<KernelLog>& kernel_log() {
  static std::optional<KernelLog> log;
  return log;
}

void install(std::shared_ptr<spdlog::sinks::sink> sink, Level threshold, std::string_view program) {
  auto logger = std::make_shared<spdlog::logger>(std::string(program), std::move(sink));
  logger->set_level(to_spdlog(threshold));
  logger->flush_on(spdlog::level::trace);
  kernel_log().reset();
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

void to_stderr(Level threshold, std::string_view program, Format format) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  if (format == Format::json) {
    sink->set_formatter(json_formatter());
  } else {
    // whoever wants to see each step wants to see how long it took
    sink->set_pattern(threshold <= Level::debug ? "%T.%f %n: %l: %v" : "%n: %l: %v");
  }
  install(std::move(sink), threshold, program);
}

void to_file(const std::string& path, Format format, Level threshold, std::string_view program) {
  std::shared_ptr<spdlog::sinks::basic_file_sink_st> sink;
  try {
    sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
  } catch (const spdlog::spdlog_ex& error) {
    throw_error(Code::invalid_argument, "open log file {}: {}", path, error.what());
  }
  if (format == Format::json) {
    sink->set_formatter(json_formatter());
  } else {
    sink->set_pattern(R"(time="%Y-%m-%dT%H:%M:%S%z" level=%l msg="%v")");
  }
  install(std::move(sink), threshold, program);
}

void to_kmsg(Level threshold, std::string_view program) {
  kernel_log() = {.fd = UniqueFd(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC)),
                  .threshold = threshold,
                  .program = std::string(program)};
}

Level level_from_name(std::string_view name) {
  if (name == "trace") return Level::trace;
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  if (name == "warn" || name == "warning") return Level::warn;
  if (name == "error") return Level::error;
  throw_error(Code::invalid_argument, "log level \"{}\": use trace, debug, info, warn or error",
              name);
}

bool is_enabled(Level level) noexcept {
  if (const auto& kernel = kernel_log()) return level >= kernel->threshold;
  return spdlog::default_logger_raw()->should_log(to_spdlog(level));
}

void write(Level level, std::string_view line) noexcept {
  if (auto& kernel = kernel_log()) return kernel->write(level, line);
  spdlog::default_logger_raw()->log(to_spdlog(level),
                                    spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace kata::log
