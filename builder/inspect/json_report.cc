// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "builder/inspect/file_capabilities.h"

#include <fmt/core.h>
#include "builder/inspect/summary.h"
#include "builder/inspect/text_report.h"

namespace kata::inspect {
namespace {

const char* kind_name(archive::EntryKind kind) {
  static constexpr std::array<const char*, 8> kNames = {
      "file", "folder", "symlink", "file", "character device", "block device", "fifo", "socket"};
  return kNames[static_cast<std::size_t>(kind)];
}

Json entry_json(const Inspection& inspection, const std::string& path, const ImageEntry& item) {
  const archive::Entry& entry = item.entry;
  Json json{{"path", "/" + path},
            {"kind", kind_name(entry.kind)},
            {"mode", fmt::format("{:04o}", entry.mode)},
            {"uid", entry.uid},
            {"gid", entry.gid}};
  if (item.bytes) {
    const Bytes& bytes = inspection.content.bytes[*item.bytes];
    json["size"] = bytes.size;
    json["sha256"] = bytes.sha256;
    if (!item.is_first_name) json["is_hard_link"] = true;
  }
  if (!entry.target.empty()) json["target"] = entry.target;
  if (entry.kind == archive::EntryKind::character_device ||
      entry.kind == archive::EntryKind::block_device)
    json["device"] = fmt::format("{}:{}", entry.device_major, entry.device_minor);
  if (const auto found = entry.xattrs.find("security.capability"); found != entry.xattrs.end())
    json["capabilities"] = capabilities_text(found->second);
  if (const auto owner = inspection.owners.find(path); owner != inspection.owners.end())
    json["package"] = inspection.packages.list[owner->second].component.name;
  return json;
}

Json shares_json(const std::vector<Share>& shares) {
  Json list = Json::array();
  for (const Share& share : shares)
    list.push_back({{"name", share.name}, {"size", share.size}, {"files", share.files}});
  return list;
}

Json disk_json(const DiskFacts& disk) {
  Json partitions = Json::array();
  for (const Partition& partition : disk.partitions) {
    partitions.push_back({{"offset", partition.offset},
                          {"size", partition.size},
                          {"type", partition.type},
                          {"label", partition.label},
                          {"file_system", partition.file_system}});
  }
  Json json{{"format", disk.format},
            {"size", disk.virtual_size},
            {"table", disk.table},
            {"dax_header", disk.has_dax_header},
            {"partitions", std::move(partitions)}};
  if (disk.verity) {
    json["verity"] = {{"algorithm", disk.verity->algorithm},
                      {"root_hash", disk.verity->root_hash},
                      {"salt", disk.verity->salt},
                      {"data_blocks", disk.verity->data_blocks},
                      {"data_block_size", disk.verity->data_block_size},
                      {"hash_block_size", disk.verity->hash_block_size}};
  }
  return json;
}

const char* fit_name(Fit fit) {
  switch (fit) {
    case Fit::absent:
      return "absent";
    case Fit::fits:
      return "fits";
    case Fit::other_file:
      return "of another file";
    case Fit::unreadable:
      break;
  }
  return "unreadable";
}

}  // namespace

Json json_report(const Inspection& inspection) {
  const Summary summary = summarize(inspection, 0);
  Json packages = Json::array();
  for (const Package& package : inspection.packages.list) {
    Json entry{{"name", package.component.name}, {"version", package.component.version}};
    if (!package.architecture.empty()) entry["architecture"] = package.architecture;
    if (!package.component.license.empty()) entry["license"] = package.component.license;
    if (!package.component.purl.empty()) entry["purl"] = package.component.purl;
    packages.push_back(std::move(entry));
  }
  Json privileged = Json::array();
  for (const Privileged& file : summary.privileged)
    privileged.push_back(
        {{"path", file.path}, {"what", file.what}, {"uid", file.uid}, {"gid", file.gid}});
  Json files = Json::array();
  for (const auto& [path, entry] : inspection.content.entries)
    files.push_back(entry_json(inspection, path, entry));
  Json report{{"image", inspection.path},
              {"sha256", inspection.sha256},
              {"size", inspection.size},
              {"format", inspection.disk ? "disk" : "initrd"},
              {"segments", inspection.content.segments},
              {"unpacked_size", inspection.content.unpacked_size},
              {"manifest", fit_name(inspection.manifest.fit)},
              {"sbom", fit_name(inspection.sbom.fit)},
              {"distribution", inspection.distribution.title},
              {"content_size", summary.size},
              {"kernel_params", inspection.kernel_parameters},
              {"packages_from", inspection.packages.source},
              {"packages", std::move(packages)},
              {"by_folder", shares_json(summary.by_folder)},
              {"by_package", shares_json(summary.by_package)},
              {"privileged", std::move(privileged)},
              {"notes", inspection.notes},
              {"files", std::move(files)}};
  if (inspection.disk) report["disk"] = disk_json(*inspection.disk);
  if (inspection.agent) {
    report["agent"] = {{"path", inspection.agent->path},
                       {"size", inspection.agent->size},
                       {"sha256", inspection.agent->sha256},
                       {"build_id", inspection.agent->build_id}};
  }
  return report;
}

}  // namespace kata::inspect
