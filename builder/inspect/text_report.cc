// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/text_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "builder/inspect/summary.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

void add_line(std::string& text, const char* name, const std::string& value) {
  if (!value.empty()) text += fmt::format("{:<18}{}\n", name, foreign_line(value, kLongestLine));
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string contents_line(const Summary& summary) {
  return fmt::format("{} in {}, {}, {}, {}", size_text(summary.size),
                     counted(summary.files, "file", "files"),
                     counted(summary.folders, "folder", "folders"),
                     counted(summary.links, "symbolic link", "symbolic links"),
                     counted(summary.devices, "device", "devices"));
}

void add_disk(std::string& text, const DiskFacts& disk) {
  for (std::size_t i = 0; i < disk.partitions.size() && disk.table != "none"; ++i) {
    const Partition& partition = disk.partitions[i];
    add_line(
        text, i == 0 ? "partitions" : "",
        fmt::format("{}: {} from byte {}, {}, type {} {}", i + 1,
                    partition.file_system.empty() ? "unknown" : partition.file_system,
                    partition.offset, size_text(partition.size), partition.type, partition.label));
  }
  if (!disk.verity) return;
  add_line(text, "verity root hash", disk.verity->root_hash);
  add_line(text, "verity salt", disk.verity->salt.empty() ? "none" : disk.verity->salt);
  add_line(text, "verity data",
           fmt::format("{} blocks of {} bytes, {}", disk.verity->data_blocks,
                       disk.verity->data_block_size, disk.verity->algorithm));
}

void add_shares(std::string& text, const char* title, const std::vector<Share>& shares,
                std::uint64_t whole, std::size_t rows, bool counts) {
  if (shares.empty()) return;
  text += fmt::format("\n{}\n", title);
  for (std::size_t i = 0; i < shares.size() && i < rows; ++i) {
    const double percent =
        whole == 0 ? 0 : 100 * static_cast<double>(shares[i].size) / static_cast<double>(whole);
    text += fmt::format("  {:>12}  {:>5.1f} %  {}", size_text(shares[i].size), percent,
                        foreign_line(shares[i].name, kLongestLine));
    text += counts ? fmt::format("  ({})\n", counted(shares[i].files, "file", "files")) : "\n";
  }
  if (shares.size() > rows) text += fmt::format("  and {} more\n", shares.size() - rows);
}

void add_packages(std::string& text, const Packages& packages) {
  if (packages.list.empty()) return;
  text += "\npackages\n";
  for (const Package& package : packages.list) {
    std::string line = package.component.name + " " + package.component.version;
    if (!package.architecture.empty()) line += " " + package.architecture;
    if (!package.component.license.empty()) line += "  " + package.component.license;
    text += "  " + foreign_line(line, kLongestLine) + "\n";
  }
}

std::string package_line(const Packages& packages) {
  if (packages.list.empty())
    return "none known: neither a package database in it nor an SBOM beside it";
  return fmt::format("{}, by {}", packages.list.size(), packages.source);
}

}  // namespace

std::string text_report(const Inspection& inspection, const ReportOptions& options) {
  const std::size_t rows =
      options.rows == 0 ? std::numeric_limits<std::size_t>::max() : options.rows;
  const Summary summary = summarize(inspection, rows);
  std::string text;
  add_line(text, "image", inspection.path);
  add_line(text, "format", format_text(inspection));
  add_line(text, "size",
           fmt::format("{}, {} unpacked", size_text(inspection.size),
                       size_text(inspection.content.unpacked_size)));
  add_line(text, "sha256", inspection.sha256);
  if (inspection.disk) add_disk(text, *inspection.disk);
  if (inspection.manifest.fit == Fit::fits)
    add_line(text, "made by katabuild", inspection.manifest.text.value("name", ""));
  add_line(text, "distribution", inspection.distribution.title);
  if (inspection.content_is_known) add_line(text, "contents", contents_line(summary));
  if (inspection.agent) {
    add_line(text, "agent",
             fmt::format("{}, {}", inspection.agent->path, size_text(inspection.agent->size)));
    add_line(text, "agent's build id",
             inspection.agent->build_id.empty() ? "none" : inspection.agent->build_id);
  }
  add_line(text, "kernel parameters", inspection.kernel_parameters);
  add_line(text, "packages", package_line(inspection.packages));
  for (const std::string& note : inspection.notes) add_line(text, "note", note);
  add_shares(text, "space by folder", summary.by_folder, summary.size, rows, true);
  add_shares(text, "space by package", summary.by_package, summary.size, rows, true);
  add_shares(text, "largest files", summary.largest, summary.size, rows, false);
  text +=
      fmt::format("\nfiles with privileges: {}\n",
                  summary.privileged.empty() ? "none" : std::to_string(summary.privileged.size()));
  for (const Privileged& file : summary.privileged) {
    text += fmt::format("  {:<8} {}:{}  {}\n", file.what, file.uid, file.gid,
                        foreign_line(file.path, kLongestLine));
  }
  if (options.list_packages) add_packages(text, inspection.packages);
  return text;
}

}  // namespace kata::inspect
