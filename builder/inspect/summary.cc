// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "builder/inspect/file_capabilities.h"

namespace kata::inspect {
namespace {

using archive::EntryKind;

constexpr const char* kNoPackage = "(no package)";

/// usr and var hold nearly all of a distribution: their parts say more.
std::string folder_of(const std::string& path) {
  std::size_t slash = path.find('/');
  if (slash == std::string::npos) return "/";
  if (path.starts_with("usr/") || path.starts_with("var/")) {
    if (const std::size_t next = path.find('/', slash + 1); next != std::string::npos) slash = next;
  }
  return "/" + path.substr(0, slash);
}

std::vector<Share> sorted(const std::map<std::string, Share>& shares) {
  std::vector<Share> list;
  for (const auto& [name, share] : shares) list.push_back(share);
  std::stable_sort(list.begin(), list.end(),
                   [](const Share& a, const Share& b) { return a.size > b.size; });
  return list;
}

void add(std::map<std::string, Share>& shares, const std::string& name, std::uint64_t size) {
  Share& share = shares[name];
  share.name = name;
  share.size += size;
  ++share.files;
}

void note_privileges(const archive::Entry& entry, std::vector<Privileged>& list) {
  const auto tell = [&](std::string what) {
    list.push_back({"/" + entry.path, std::move(what), entry.uid, entry.gid});
  };
  if (entry.kind != EntryKind::file) return;
  if ((entry.mode & 04000U) != 0) tell("setuid");
  if ((entry.mode & 02000U) != 0) tell("setgid");
  if (const auto found = entry.xattrs.find("security.capability"); found != entry.xattrs.end())
    tell(capabilities_text(found->second));
}

}  // namespace

Summary summarize(const Inspection& inspection, std::size_t largest) {
  Summary summary;
  std::map<std::string, Share> folders;
  std::map<std::string, Share> packages;
  std::vector<Share> files;
  for (const auto& [path, item] : inspection.content.entries) {
    const archive::Entry& entry = item.entry;
    note_privileges(entry, summary.privileged);
    if (entry.kind == EntryKind::directory) {
      ++summary.folders;
    } else if (entry.kind == EntryKind::symlink) {
      ++summary.links;
    } else if (!item.bytes) {
      ++summary.devices;
    }
    if (!item.bytes) continue;
    ++summary.files;
    if (!item.is_first_name) continue;
    summary.size += entry.size;
    add(folders, folder_of(path), entry.size);
    const auto owner = inspection.owners.find(path);
    add(packages,
        owner == inspection.owners.end() ? kNoPackage
                                         : inspection.packages.list[owner->second].component.name,
        entry.size);
    files.push_back({"/" + path, entry.size, 1});
  }
  summary.by_folder = sorted(folders);
  if (!inspection.owners.empty()) summary.by_package = sorted(packages);
  std::stable_sort(files.begin(), files.end(),
                   [](const Share& a, const Share& b) { return a.size > b.size; });
  if (files.size() > largest) files.resize(largest);
  summary.largest = std::move(files);
  return summary;
}

std::string format_text(const Inspection& inspection) {
  std::string text;
  if (!inspection.disk) {
    for (const std::string& part : inspection.content.segments)
      text += (text.empty() ? "initrd: " : ", then ") + part;
    return text;
  }
  const DiskFacts& disk = *inspection.disk;
  text = "disk: " + disk.format;
  if (disk.table == "gpt" || disk.table == "mbr")
    text += disk.table == "gpt" ? ", GPT" : ", MBR";
  else
    text += ", no partitions";
  if (disk.has_dax_header) text += ", DAX header";
  for (const Partition& partition : disk.partitions)
    text += ", " + (partition.file_system.empty() ? "unknown" : partition.file_system);
  return text;
}

std::string size_text(std::uint64_t size) {
  const double bytes = static_cast<double>(size);
  if (size < 10'000) return fmt::format("{} bytes", size);
  if (size < 1'000'000) return fmt::format("{:.1f} kB", bytes / 1e3);
  if (size < 1'000'000'000) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.2f} GB", bytes / 1e9);
}

std::string mode_text(const archive::Entry& entry) {
  static constexpr char kKinds[] = {'-', 'd', 'l', '-', 'c', 'b', 'p', 's'};
  std::string text(1, kKinds[static_cast<std::size_t>(entry.kind)]);
  for (unsigned shift = 6;; shift -= 3) {
    const unsigned bits = entry.mode >> shift;
    const bool special = (entry.mode & (shift == 6 ? 04000U : shift == 3 ? 02000U : 01000U)) != 0;
    const char letter = shift == 0 ? 't' : 's';
    text += (bits & 4U) != 0 ? 'r' : '-';
    text += (bits & 2U) != 0 ? 'w' : '-';
    if (special)
      text += (bits & 1U) != 0 ? letter : static_cast<char>(letter - 32);
    else
      text += (bits & 1U) != 0 ? 'x' : '-';
    if (shift == 0) return text;
  }
}

}  // namespace kata::inspect
