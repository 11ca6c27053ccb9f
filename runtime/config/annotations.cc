// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/annotations.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/config/guest_root.h"
#include "runtime/config/keys.h"
#include "runtime/config/load.h"

namespace kata::config {
namespace {

constexpr std::string_view kPrefix = "io.katacontainers.config.";
constexpr std::string_view kConfigPath = "io.katacontainers.config_path";
// Regular expressions of the standard library recurse; a key is short, and so is every name we
// know.
constexpr std::size_t kMaxKey = 128;
constexpr std::size_t kMaxValue = 4096;

void assign(std::monostate, const std::string&) {}

void assign(std::string* field, const std::string& value) { *field = value; }

void assign(bool* field, const std::string& value) {
  if (value != "true" && value != "false") {
    throw_error(Code::invalid_argument, "\"{}\" is neither true nor false", value);
  }
  *field = value == "true";
}

void assign(std::uint32_t* field, const std::string& value) {
  const char* end = value.data() + value.size();
  const auto [stopped, err] = std::from_chars(value.data(), end, *field);
  if (err != std::errc{} || stopped != end) {
    throw_error(Code::invalid_argument, "\"{}\" is no whole number of 0 or more", value);
  }
}

/// Words, as upstream separates lists in annotations.
void assign(std::vector<std::string>* field, const std::string& value) {
  field->clear();
  std::istringstream words(value);
  for (std::string word; words >> word;) field->push_back(word);
}

/// Glob patterns, the only ones being those of the configuration.
bool matches_any(const std::vector<std::string>& patterns, const std::string& path) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  });
}

void check_path(const Hypervisor& allowed, const Key& key, const std::string& value) {
  if (!key.is_path) return;
  if (value.empty() || value.front() != '/' || clean_path(value) != value) {
    throw_error(Code::invalid_argument, "\"{}\" is no absolute path without dots", value);
  }
  const std::vector<std::string>* patterns = nullptr;
  if (key.name == "path") patterns = &allowed.valid_hypervisor_paths;
  if (key.name == "virtio_fs_daemon") patterns = &allowed.valid_virtio_fs_daemon_paths;
  if (key.name == "entropy_source") patterns = &allowed.valid_entropy_sources;
  // Of the guest's files, enable_annotations alone decides unless there are patterns.
  const bool is_guest_file = key.name == "kernel" || key.name == "initrd" || key.name == "image";
  if (is_guest_file && !allowed.valid_guest_paths.empty()) patterns = &allowed.valid_guest_paths;
  if (patterns != nullptr && !matches_any(*patterns, value)) {
    throw_error(Code::permission_denied, "path {} is not among those that the configuration allows",
                value);
  }
}

/// "hypervisor.kernel" -> the key of [hypervisor.qemu].
const Key& key_for(std::string_view name) {
  const std::size_t dot = name.find('.');
  std::string section(name.substr(0, dot));
  if (section == "hypervisor") section = "hypervisor.qemu";
  if (section == "agent") section = "agent.kata";
  const std::string_view rest = dot == std::string_view::npos ? "" : name.substr(dot + 1);
  const Key* key = find_key(section, rest);
  if (key != nullptr) return *key;
  if (!is_section(section)) {
    throw_error(Code::invalid_argument, "unknown section; there are hypervisor, agent and runtime");
  }
  throw_error(Code::invalid_argument, "unknown key; did you mean \"{}\"?",
              nearest_key(section, rest));
}

const Key& apply_one(Config& result, const Config& config, std::string_view name,
                     const std::string& value) {
  if (name.size() > kMaxKey || value.size() > kMaxValue) {
    throw_error(Code::invalid_argument, "longer than {} or its value than {} characters", kMaxKey,
                kMaxValue);
  }
  const Key& key = key_for(name);
  const bool allowed = key.annotatable == Annotatable::freely ||
                       (key.annotatable == Annotatable::gated &&
                        is_allowed(config.hypervisor.enable_annotations, std::string(key.name)));
  if (!allowed) {
    throw_error(Code::permission_denied, "not allowed{}",
                key.annotatable == Annotatable::gated
                    ? "; name it in enable_annotations of the configuration"
                    : "");
  }
  check_path(config.hypervisor, key, value);
  if (!key.has_effect) log::warn("annotation without effect key={}.{}", key.section, key.name);
  std::visit([&](auto field) { assign(field, value); }, key.field(result));
  return key;
}

}  // namespace

bool is_allowed(const std::vector<std::string>& expressions, const std::string& key) {
  return std::any_of(expressions.begin(), expressions.end(), [&](const std::string& expression) {
    try {
      return std::regex_match(key, std::regex(expression, std::regex::extended));
    } catch (const std::regex_error& error) {
      throw_error(Code::invalid_argument, "enable_annotations: \"{}\" is no regular expression: {}",
                  expression, error.what());
    }
  });
}

Config chosen_configuration(const Config& config, const Annotations& annotations) {
  const auto chosen = annotations.find(std::string(kConfigPath));
  if (chosen == annotations.end()) return config;
  const std::string& path = chosen->second;
  return in_context(
      [&] {
        const std::vector<std::string>& allowed = config.hypervisor.enable_annotations;
        if (std::find(allowed.begin(), allowed.end(), "config_path") == allowed.end()) {
          throw_error(
              Code::permission_denied,
              "not allowed; name \"config_path\" in enable_annotations of the configuration");
        }
        if (!path.starts_with('/') || clean_path(path) != path || path.size() > kMaxValue)
          throw_error(Code::invalid_argument, "no absolute path without dots");
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "configuration {}", path);
        const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
        if (!is_ours || !S_ISREG(status.st_mode) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
          throw_error(Code::permission_denied,
                      "{} must be a file that nobody but root may write to", path);
        }
        return load_config({.flag = path, .search = {}});
      },
      "annotation {}", kConfigPath);
}

Config apply_annotations(const Config& config, const Annotations& annotations) {
  Config result = config;
  std::set<std::string, std::less<>> hypervisor_keys;
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with(kPrefix)) continue;
    in_context(
        [&] {
          const Key& key =
              apply_one(result, config, std::string_view(name).substr(kPrefix.size()), value);
          if (key.section == "hypervisor.qemu") hypervisor_keys.emplace(key.name);
        },
        "annotation {}", name.substr(0, 200));
  }
  in_context(
      [&] {
        settle_root(result.hypervisor, hypervisor_keys, Layer::annotations);
        check_config(result);
      },
      "annotations");
  return result;
}

}  // namespace kata::config
