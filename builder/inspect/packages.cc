// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/packages.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::inspect {
namespace {

constexpr std::string_view kDpkg = "var/lib/dpkg/";
constexpr std::size_t kMaxPackages = 100'000;
constexpr std::size_t kMaxField = 300;
constexpr std::chrono::seconds kRpmPatience{60};

/// A package URL's part: what is not plain is percent-encoded.
std::string url_part(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_' || c == '~';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

std::string purl_of(std::string_view type, const std::string& vendor, const Package& package,
                    const std::string& epoch = {}) {
  std::string url =
      fmt::format("pkg:{}/{}/{}@{}", type, url_part(vendor), url_part(package.component.name),
                  url_part(package.component.version));
  if (!package.architecture.empty()) url += "?arch=" + url_part(package.architecture);
  if (!epoch.empty() && epoch != "0")
    url += (package.architecture.empty() ? "?epoch=" : "&epoch=") + url_part(epoch);
  return url;
}

/// The fields of a stanza in dpkg's database; lines that go on are left out.
std::map<std::string, std::string> fields_of(const std::string& stanza) {
  std::map<std::string, std::string> fields;
  for (const std::string& line : split_text(stanza)) {
    const std::size_t colon = line.find(':');
    if (line.starts_with(' ') || line.starts_with('\t') || colon == std::string::npos) continue;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    fields[line.substr(0, colon)] =
        value == std::string::npos ? "" : foreign_line(line.substr(value), kMaxField);
  }
  return fields;
}

std::vector<std::string> dpkg_files(const Content& content, const Package& package) {
  for (const std::string& name :
       {package.component.name, package.component.name + ":" + package.architecture}) {
    const auto found = content.captured.find(fmt::format("{}info/{}.list", kDpkg, name));
    if (found == content.captured.end()) continue;
    std::vector<std::string> files;
    for (const std::string& line : split_text(read_file(found->second, 512U << 20)))
      files.push_back(clean_path(join_path("/", line)).substr(1));
    return files;
  }
  return {};
}

void add_dpkg(const Content& content, const std::string& file, const std::string& vendor,
              Packages& packages) {
  std::string text = read_file(file, 512U << 20);
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", from), text.size());
    const std::map<std::string, std::string> fields = fields_of(text.substr(from, end - from));
    from = end + 2;
    const auto value = [&](const char* name) {
      const auto found = fields.find(name);
      return found == fields.end() ? std::string() : found->second;
    };
    const std::string status = value("Status");
    // status.d, as small images have it, lists what is installed and says no more
    if (value("Package").empty() || (!status.empty() && !status.ends_with(" installed"))) continue;
    if (packages.list.size() >= kMaxPackages)
      throw_error(Code::resource_exhausted, "more than {} packages", kMaxPackages);
    Package package;
    package.component.name = value("Package");
    package.component.version = value("Version");
    package.component.relation = "CONTAINS";
    package.architecture = value("Architecture");
    package.component.purl = purl_of("deb", vendor, package);
    package.files = dpkg_files(content, package);
    packages.list.push_back(std::move(package));
  }
}

void add_rpm(const std::string& database, const std::string& name, const std::string& vendor,
             const std::string& work, CommandRunner& runner, Packages& packages) {
  if (!find_program("rpm"))
    throw_error(Code::failed_precondition, "there is no program rpm to read it: install rpm");
  const std::string folder = join_path(work, "rpmdb");
  make_directories(folder, 0700);
  std::filesystem::copy_file(database, join_path(folder, name),
                             std::filesystem::copy_options::overwrite_existing);
  Command command;
  command.argv = {"rpm",
                  "--dbpath",
                  folder,
                  "--query",
                  "--all",
                  "--queryformat",
                  "@%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{LICENSE}\\n"
                  "[%{FILENAMES}\\n]"};
  command.env = {"LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + work};
  command.timeout = kRpmPatience;
  const CommandResult result = run_checked(runner, command);
  for (const std::string& line : split_text(result.output)) {
    if (line.starts_with('/') && !packages.list.empty()) {
      packages.list.back().files.push_back(clean_path(line).substr(1));
      continue;
    }
    const std::vector<std::string> fields = split_text(foreign_lines(line, 4 * kMaxField), '\t');
    if (!line.starts_with('@') || fields.size() != 5) continue;
    if (fields[0] == "@gpg-pubkey") continue;  // a key, listed as if it were a package
    Package package;
    package.component.name = fields[0].substr(1);
    package.component.version = fields[2];
    package.component.license = fields[4] == "(none)" ? "" : fields[4];
    package.component.relation = "CONTAINS";
    package.architecture = fields[3] == "(none)" ? "" : fields[3];
    package.component.purl = purl_of("rpm", vendor, package, fields[1]);
    packages.list.push_back(std::move(package));
  }
}

}  // namespace

Distribution distribution_of(const Content& content) {
  Distribution found;
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    const auto captured = content.captured.find(resolve(content, path).value_or(""));
    if (captured == content.captured.end()) continue;
    for (const std::string& line : split_text(read_file(captured->second, 512U << 20))) {
      std::string value = foreign_line(line.substr(line.find('=') + 1), kMaxField);
      std::erase(value, '"');
      if (line.starts_with("ID=")) found.id = value;
      if (line.starts_with("PRETTY_NAME=")) found.title = value;
    }
    break;
  }
  return found;
}

Packages packages_of(const Content& content, const std::string& work, CommandRunner& runner) {
  Packages packages;
  const std::string vendor = distribution_of(content).id;
  const auto attempt = [&](const std::string& path, const char* source, const auto& read) {
    try {
      read();
      if (!packages.list.empty()) packages.source = source;
    } catch (const Error& error) {
      packages.list.clear();
      packages.trouble.push_back(fmt::format("/{} cannot be read: {}", path, error.message()));
    }
  };
  for (const auto& [path, file] : content.captured) {
    const std::string part = path.substr(0, path.find_last_of('/') + 1);
    if (path == "var/lib/dpkg/status" || part == "var/lib/dpkg/status.d/") {
      if (path.ends_with(".md5sums")) continue;
      attempt(path, "the dpkg database in the image",
              [&] { add_dpkg(content, file, vendor, packages); });
    }
  }
  for (const char* path : {"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db",
                           "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/rpmdb.sqlite"}) {
    const auto found = content.captured.find(path);
    if (found == content.captured.end() || !packages.list.empty()) continue;
    attempt(path, "the rpm database in the image", [&] {
      add_rpm(found->second, std::string(base_name(path)), vendor, work, runner, packages);
    });
  }
  std::sort(packages.list.begin(), packages.list.end(), [](const Package& a, const Package& b) {
    return std::pair(a.component.name, a.architecture) <
           std::pair(b.component.name, b.architecture);
  });
  return packages;
}

}  // namespace kata::inspect
