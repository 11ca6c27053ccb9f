// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/difference.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>

#include "builder/inspect/summary.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

void add_what(std::string& what, const std::string& part) {
  what += (what.empty() ? "" : ", ") + part;
}

std::string changed_in(const Content& old_content, const ImageEntry& old_item,
                       const Content& new_content, const ImageEntry& new_item) {
  const archive::Entry& a = old_item.entry;
  const archive::Entry& b = new_item.entry;
  std::string what;
  if (a.kind != b.kind) add_what(what, mode_text(a) + " -> " + mode_text(b));
  if (old_item.bytes && new_item.bytes &&
      old_content.bytes[*old_item.bytes].sha256 != new_content.bytes[*new_item.bytes].sha256)
    add_what(what, "content");
  if (a.kind == b.kind && a.mode != b.mode)
    add_what(what, fmt::format("mode {:04o} -> {:04o}", a.mode, b.mode));
  if (a.uid != b.uid || a.gid != b.gid)
    add_what(what, fmt::format("owner {}:{} -> {}:{}", a.uid, a.gid, b.uid, b.gid));
  if (a.target != b.target)
    add_what(what, fmt::format("target {} -> {}", foreign_line(a.target, 200),
                               foreign_line(b.target, 200)));
  if (a.device_major != b.device_major || a.device_minor != b.device_minor)
    add_what(what, "device");
  if (a.xattrs != b.xattrs) add_what(what, "attributes");
  return what;
}

/// Version by "name" or, where one name is there more than once, "name:architecture".
std::map<std::string, std::string> versions_of(const Packages& packages) {
  std::map<std::string, int> counts;
  for (const Package& package : packages.list) ++counts[package.component.name];
  std::map<std::string, std::string> versions;
  for (const Package& package : packages.list) {
    std::string name = package.component.name;
    if (counts[name] > 1) name += ":" + package.architecture;
    std::string& known = versions[name];
    known += (known.empty() ? "" : ", ") + package.component.version;
  }
  return versions;
}

void compare_packages(const Inspection& before, const Inspection& after, Difference& difference) {
  const std::map<std::string, std::string> old_ones = versions_of(before.packages);
  const std::map<std::string, std::string> new_ones = versions_of(after.packages);
  for (const auto& [name, version] : old_ones) {
    const auto found = new_ones.find(name);
    if (found == new_ones.end())
      difference.packages.push_back({name, version, ""});
    else if (found->second != version)
      difference.packages.push_back({name, version, found->second});
  }
  for (const auto& [name, version] : new_ones) {
    if (!old_ones.contains(name)) difference.packages.push_back({name, "", version});
  }
  std::sort(difference.packages.begin(), difference.packages.end(),
            [](const PackageChange& a, const PackageChange& b) { return a.name < b.name; });
}

std::uint64_t size_of(const Content& content) {
  std::uint64_t size = 0;
  for (const auto& [path, item] : content.entries)
    size += item.bytes && item.is_first_name ? item.entry.size : 0;
  return size;
}

std::int64_t signed_size(std::uint64_t size) { return static_cast<std::int64_t>(size); }

const char* kind_name(ChangeKind kind) {
  return kind == ChangeKind::added ? "added" : kind == ChangeKind::removed ? "removed" : "changed";
}

}  // namespace

Difference compare(const Inspection& before, const Inspection& after) {
  Difference difference;
  difference.same_bytes = before.sha256 == after.sha256;
  const auto file_size = [](const ImageEntry& item) {
    return item.bytes ? item.entry.size : std::uint64_t{0};
  };
  for (const auto& [path, item] : before.content.entries) {
    const auto found = after.content.entries.find(path);
    if (found == after.content.entries.end()) {
      difference.files.push_back({ChangeKind::removed, "/" + path, file_size(item), 0, ""});
      continue;
    }
    std::string what = changed_in(before.content, item, after.content, found->second);
    if (!what.empty()) {
      difference.files.push_back({ChangeKind::changed, "/" + path, file_size(item),
                                  file_size(found->second), std::move(what)});
    }
  }
  for (const auto& [path, item] : after.content.entries) {
    if (!before.content.entries.contains(path))
      difference.files.push_back({ChangeKind::added, "/" + path, 0, file_size(item), ""});
  }
  std::sort(difference.files.begin(), difference.files.end(),
            [](const FileChange& a, const FileChange& b) { return a.path < b.path; });
  compare_packages(before, after, difference);
  difference.growth = signed_size(size_of(after.content)) - signed_size(size_of(before.content));
  return difference;
}

std::string text_of(const Difference& difference, std::size_t rows) {
  if (rows == 0) rows = std::numeric_limits<std::size_t>::max();
  if (difference.is_empty()) {
    return difference.same_bytes
               ? "the images are the same\n"
               : "the images hold the same files; their own bytes differ (compression, times)\n";
  }
  std::string text;
  std::size_t counts[3] = {};
  std::size_t shown = 0;
  for (const FileChange& change : difference.files) {
    ++counts[static_cast<std::size_t>(change.kind)];
    if (shown == rows) continue;
    ++shown;
    const char sign = change.kind == ChangeKind::added     ? '+'
                      : change.kind == ChangeKind::removed ? '-'
                                                           : '~';
    text += fmt::format("{} {:>+12} bytes  {}", sign,
                        signed_size(change.after) - signed_size(change.before),
                        foreign_line(change.path, kLongestLine));
    text += change.what.empty() ? "\n" : fmt::format("  ({})\n", change.what);
  }
  if (shown < difference.files.size())
    text += fmt::format("  and {} more files\n", difference.files.size() - shown);
  for (const PackageChange& change : difference.packages) {
    text += fmt::format("package {}: {} -> {}\n", foreign_line(change.name, kLongestLine),
                        change.before.empty() ? "none" : foreign_line(change.before, kLongestLine),
                        change.after.empty() ? "none" : foreign_line(change.after, kLongestLine));
  }
  text += fmt::format("{} added, {} removed, {} changed, {} packages; {:+} bytes\n", counts[0],
                      counts[1], counts[2], difference.packages.size(), difference.growth);
  return text;
}

Json json_of(const Difference& difference) {
  Json files = Json::array();
  for (const FileChange& change : difference.files) {
    files.push_back({{"kind", kind_name(change.kind)},
                     {"path", change.path},
                     {"before", change.before},
                     {"after", change.after},
                     {"what", change.what}});
  }
  Json packages = Json::array();
  for (const PackageChange& change : difference.packages)
    packages.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after}});
  return {{"same_bytes", difference.same_bytes},
          {"growth", difference.growth},
          {"files", std::move(files)},
          {"packages", std::move(packages)}};
}

}  // namespace kata::inspect
