// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/apt.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "builder/pipeline/disk_space.h"
#include "builder/recipe/nearest.h"
#include "builder/rootfs/base/builder_sources.h"
#include "builder/rootfs/base/package_cache.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

constexpr const char* kDebianKeys = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr const char* kHelper = "/usr/lib/apt/apt-helper";

/// The builder's own way to the network: proxies, and clocks that are wrong.
std::string network_settings(pipeline::Context& context) {
  const CommandResult dump = context.runner.run({.argv = {"apt-config", "dump"}});
  std::string lines;
  for (const std::string& line : split_text(dump.output)) {
    for (const char* name : {"Acquire::http", "Acquire::https", "Acquire::ftp", "Acquire::Check-",
                             "Acquire::Retries"}) {
      if (line.starts_with(name)) lines += line + "\n";
    }
  }
  return lines;
}

std::string with_keyring(const std::string& line, const std::string& keyring) {
  if (keyring.empty() || !line.starts_with("deb ")) return line;
  if (line.starts_with("deb [")) {
    if (line.find("signed-by") != std::string::npos || line.find("trusted=") != std::string::npos)
      return line;
    return "deb [signed-by=" + keyring + " " + line.substr(5);
  }
  return "deb [signed-by=" + keyring + "] " + line.substr(4);
}

std::string percent_decoded(const std::string& text) {
  std::string to;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2) {
      to += static_cast<char>(byte);
      i += 2;
    } else {
      to += text[i];
    }
  }
  return to;
}

}  // namespace

std::vector<std::string> apt_sources(const recipe::DebianBase& base, const std::string& folder) {
  std::vector<std::string> components = base.components;
  if (components.empty()) components = {"main"};
  std::vector<std::string> lines;
  for (const std::string& mirror : base.mirrors) {
    const bool is_line = mirror.starts_with("deb ");
    lines.push_back(
        is_line ? mirror
                : fmt::format("deb {} {} {}", mirror, base.suite, fmt::join(components, " ")));
  }
  if (lines.empty()) lines = builder_apt_sources(folder, base.suite, components);
  if (lines.empty()) {
    throw_error(Code::failed_precondition,
                "base.debian: apt has no repository of {} on this machine (looked into {}): name "
                "one in base.debian.mirrors",
                base.suite, folder);
  }
  std::string keyring = base.keyring;
  if (keyring.empty() && base.mirrors.empty() && path_exists(kDebianKeys)) keyring = kDebianKeys;
  for (std::string& line : lines) line = with_keyring(line, keyring);
  return lines;
}

std::vector<LockedPackage> packages_of_uris(const std::string& output) {
  std::vector<LockedPackage> packages;
  for (const std::string& line : split_text(output)) {
    // 'URI' NAME_VERSION_ARCH.deb SIZE SHA256:DIGEST
    if (!line.starts_with('\'')) continue;
    const std::size_t quote = line.find('\'', 1);
    if (quote == std::string::npos) continue;
    const std::vector<std::string> words = split_text(line.substr(quote + 1), ' ');
    if (words.size() < 4 || !words[3].starts_with("SHA256:")) {
      throw_error(Code::failed_precondition,
                  "choose Debian packages: the repository names no SHA-256 for {}", line);
    }
    LockedPackage package;
    package.url = line.substr(1, quote - 1);
    package.file = words[1];
    package.sha256 = words[3].substr(7);
    (void)std::from_chars(words[2].data(), words[2].data() + words[2].size(), package.size);
    const std::string stem = package.file.substr(0, package.file.rfind('.'));
    const std::vector<std::string> parts = split_text(stem, '_');
    if (parts.size() != 3)
      throw_error(Code::failed_precondition, "choose Debian packages: {} is no package's file name",
                  package.file);
    package.name = parts[0];
    package.version = percent_decoded(parts[1]);
    package.arch = parts[2];
    packages.push_back(std::move(package));
  }
  return packages;
}

Apt::Apt(const recipe::DebianBase& base, std::string work, pipeline::Context& context)
    : base_(base), work_(std::move(work)), context_(context) {
  for (const char* program : {"apt-get", "mmdebstrap", "dpkg-deb"}) {
    if (!find_program(program)) {
      throw_error(
          Code::failed_precondition,
          "install Debian packages: there is no program {}: install apt, dpkg and mmdebstrap",
          program);
    }
  }
  for (const char* folder : {"state/lists/partial", "cache/archives/partial", "etc/preferences.d"})
    make_directories(join_path(work_, folder));
  write_file(join_path(work_, "status"), "");
  std::string sources;
  for (const std::string& line : apt_sources(base)) sources += line + "\n";
  write_file(join_path(work_, "sources.list"), sources);
  std::string settings;
  const auto set = [&](const char* name, const std::string& value) {
    settings += fmt::format("{} \"{}\";\n", name, value);
  };
  set("Dir", work_);
  set("Dir::State", "state");
  set("Dir::State::status", join_path(work_, "status"));
  set("Dir::Cache", "cache");
  set("Dir::Etc", join_path(work_, "etc"));
  set("Dir::Etc::sourcelist", join_path(work_, "sources.list"));
  for (const char* name : {"Dir::Etc::sourceparts", "Dir::Etc::parts", "Dir::Etc::main"})
    set(name, "/dev/null");
  set("Dir::Etc::trusted", "/etc/apt/trusted.gpg");
  set("Dir::Etc::trustedparts", "/etc/apt/trusted.gpg.d");
  set("APT::Architecture", "amd64");
  set("APT::Architectures", "amd64");
  set("APT::Install-Recommends", "false");
  set("APT::Sandbox::User", "");
  set("APT::Update::Error-Mode", "any");
  set("Acquire::Languages", "none");
  set("Acquire::ForceHash", "sha256");
  write_file(join_path(work_, "apt.conf"), network_settings(context) + settings);
}

CommandResult Apt::run(std::vector<std::string> argv) const {
  Command command{.argv = std::move(argv)};
  command.env = sandbox_environment(0);
  command.env->push_back("APT_CONFIG=" + join_path(work_, "apt.conf"));
  for (const char* name : {"http_proxy", "https_proxy", "no_proxy"}) {
    if (const char* value = std::getenv(name); value != nullptr)
      command.env->push_back(fmt::format("{}={}", name, value));
  }
  return context_.runner.run(command);
}

void Apt::update() {
  const CommandResult result = run({"apt-get", "-q", "update"});
  if (result.status == 0) return;
  std::string why;
  for (const std::string& line : split_text(result.error_output)) {
    if (line.starts_with("E: ") || line.starts_with("W: ")) why += "\n  " + line;
  }
  if (why.empty()) why = output_end(result.output);
  const auto has = [&](const char* words) { return why.find(words) != std::string::npos; };
  if (has(pipeline::kNoSpace))
    throw_error(Code::resource_exhausted, "read the Debian repositories:{}", why);
  if (has("not signed") || has("NO_PUBKEY") || has("BADSIG")) {
    throw_error(Code::failed_precondition,
                "read the Debian repositories: they are not signed by a key of "
                "base.debian.keyring:{}",
                why);
  }
  if (has("does not have a Release file")) {
    throw_error(Code::failed_precondition,
                "read the Debian repositories: one has no such suite, or is not signed; a line of "
                "base.debian.mirrors may say [trusted=yes]:{}",
                why);
  }
  throw_error(Code::unavailable,
              "read the Debian repositories: they cannot be reached (is this machine offline?), or "
              "have no such suite:{}",
              why);
}

void Apt::explain_choice(const CommandResult& result) {
  constexpr std::string_view kUnknown = "Unable to locate package ";
  for (const std::string& line : split_text(result.error_output)) {
    const std::size_t at = line.find(kUnknown);
    if (at == std::string::npos) continue;
    const std::string name = line.substr(at + kUnknown.size());
    std::string near;
    const std::vector<std::string> known = split_text(run({"apt-cache", "pkgnames"}).output);
    for (const std::string& other : recipe::nearest_names(name, known, 3))
      near += (near.empty() ? ": did you mean " : ", ") + other;
    throw_error(Code::not_found, "base.debian.packages: the repositories have no package {}{}",
                name, near);
  }
  throw_error(Code::failed_precondition, "choose the Debian packages:{}",
              output_end(result.output + result.error_output));
}

PackageLock Apt::choose() {
  update();
  std::vector<std::string> argv = {"apt-get", "-qq", "--yes", "--print-uris", "install", "--"};
  if (base_.variant != "extract" && base_.variant != "custom") argv.push_back("?essential");
  if (base_.variant == "minbase") argv.push_back("?priority(required)");
  if (base_.variant == "minbase" || base_.variant == "apt") argv.push_back("apt");
  argv.insert(argv.end(), base_.packages.begin(), base_.packages.end());
  const CommandResult result = run(argv);
  if (result.status != 0) explain_choice(result);
  PackageLock lock;
  lock.packages = packages_of_uris(result.output);
  if (lock.packages.empty())
    throw_error(Code::failed_precondition, "choose the Debian packages: none is left to install");
  normalize(lock);
  return lock;
}

void Apt::fetch(const std::vector<LockedPackage>& packages) {
  if (packages.empty()) return;
  std::vector<std::string> argv = {kHelper, "-q", "download-file"};
  const std::string folder = join_path(work_, "fetched");
  make_directories(folder);
  for (const LockedPackage& package : packages) {
    argv.push_back(package.url);
    argv.push_back(join_path(folder, package.sha256));
    argv.push_back("SHA256:" + package.sha256);
  }
  const CommandResult result = run(argv);
  for (const LockedPackage& package : packages) {
    const std::string file = join_path(folder, package.sha256);
    if (!path_exists(file)) {
      throw_error(
          Code::unavailable,
          "fetch package {} {} from {}: it is not there any more, or is not what was locked: "
          "choose anew with --update-lock:{}",
          package.name, package.version, package.url, output_end(result.error_output));
    }
    keep_package(file, package, context_);
  }
}

}  // namespace kata::rootfs
