// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/inspection.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include "builder/inspect/erofs_reader.h"
#include "builder/inspect/ext4_reader.h"
#include "builder/inspect/initrd.h"
#include "builder/inspect/squashfs_reader.h"
#include "builder/inspect/xfs_reader.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/elf.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

/// The agent as katabuild installs it: a service's program, or the first process.
std::optional<AgentFacts> find_agent(const Content& content) {
  for (const char* path : {"usr/bin/kata-agent", "init", "sbin/init", "usr/sbin/init"}) {
    const std::string file = resolve(content, path).value_or("");
    const auto captured = content.captured.find(file);
    if (captured == content.captured.end()) continue;
    const ImageEntry& entry = content.entries.at(file);
    AgentFacts agent;
    agent.path = "/" + file;
    agent.size = entry.entry.size;
    agent.sha256 = content.bytes[*entry.bytes].sha256;
    try {
      const std::optional<pipeline::ElfFile> elf = pipeline::read_elf(captured->second);
      if (!elf) continue;  // a script, say
      agent.build_id = pipeline::gnu_build_id(*elf);
    } catch (const Error&) {
      continue;  // cut off: no program that runs
    }
    return agent;
  }
  return std::nullopt;
}

/// The SBOM's packages besides the image itself, with the files that it says they hold.
Packages packages_of_sbom(const Json& text) {
  Packages packages;
  try {
    std::map<std::string, std::string> files;
    for (const Json& file : text.value("files", Json::array())) {
      files[file.at("SPDXID").get<std::string>()] =
          clean_path(join_path("/", file.at("fileName").get<std::string>())).substr(1);
    }
    std::map<std::string, std::size_t> places;
    bool is_first = true;
    for (const Json& entry : text.at("packages")) {
      if (std::exchange(is_first, false)) continue;
      Package package;
      package.component.name = foreign_line(entry.at("name").get<std::string>(), 300);
      package.component.version = foreign_line(entry.value("versionInfo", ""), 300);
      package.component.license = entry.value("licenseDeclared", "");
      if (package.component.license == "NOASSERTION") package.component.license.clear();
      package.component.relation = "CONTAINS";
      for (const Json& reference : entry.value("externalRefs", Json::array())) {
        if (reference.value("referenceType", "") == "purl")
          package.component.purl = reference.value("referenceLocator", "");
      }
      places[entry.at("SPDXID").get<std::string>()] = packages.list.size();
      packages.list.push_back(std::move(package));
    }
    for (const Json& relation : text.value("relationships", Json::array())) {
      const auto place = places.find(relation.at("spdxElementId").get<std::string>());
      const auto file = files.find(relation.at("relatedSpdxElement").get<std::string>());
      if (place == places.end() || file == files.end()) continue;
      packages.list[place->second].files.push_back(file->second);
    }
    if (!packages.list.empty()) packages.source = "the SBOM beside the image";
  } catch (const Json::exception& error) {
    packages = {};
    packages.trouble.push_back(fmt::format("the SBOM beside the image: {}", error.what()));
  }
  return packages;
}

std::map<std::string, std::size_t> owners_of(const Content& content, const Packages& packages) {
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < packages.list.size(); ++i) {
    for (const std::string& file : packages.list[i].files) {
      // a database says /bin/ls where the image has bin -> usr/bin
      const std::size_t slash = file.find_last_of('/');
      const std::optional<std::string> folder =
          slash == std::string::npos ? std::string() : resolve(content, file.substr(0, slash));
      if (!folder) continue;
      const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
      const std::string path = folder->empty() ? name : *folder + "/" + name;
      const auto found = content.entries.find(path);
      if (found != content.entries.end() && found->second.bytes) owners.emplace(path, i);
    }
  }
  return owners;
}

/// The raw bytes of a qcow2 image, made by QEMU's own tool.
std::string raw_image(const std::string& path, const std::string& work, CommandRunner& runner) {
  if (!find_program("qemu-img")) {
    throw_error(
        Code::failed_precondition,
        "inspect {}: there is no program qemu-img to read a qcow2 image: install qemu-utils "
        "(qemu-img on Oracle Linux)",
        path);
  }
  std::string raw = join_path(work, "raw");
  Command command;
  command.argv = {"qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, raw};
  command.timeout = std::chrono::minutes{5};
  (void)run_checked(runner, command);
  return raw;
}

/// The files of the first file system that can be read here.
void read_disk_content(const std::string& raw, Inspection& found) {
  for (const Partition& partition : found.disk->partitions) {
    if (partition.file_system.empty() || partition.file_system == "verity") continue;
    ContentBuilder builder(found.path, found.work.path());
    try {
      if (partition.file_system == "ext4") {
        read_ext4(raw, partition.offset, builder);
      } else if (partition.file_system == "erofs") {
        read_erofs(raw, partition.offset, builder);
      } else if (partition.file_system == "squashfs") {
        read_squashfs(raw, partition.offset, builder);
      } else if (partition.file_system == "xfs") {
        read_xfs(raw, partition.offset, builder);
      } else {
        throw_error(Code::unimplemented, "files of {} cannot be listed by this katabuild",
                    partition.file_system);
      }
    } catch (const Error& error) {
      if (error.code() != Code::unimplemented) throw;
      found.content_is_known = false;
      found.notes.push_back(error.message());
      return;
    }
    found.content = builder.finish();
    return;
  }
  found.content_is_known = false;
  found.notes.emplace_back("there is no file system that is known here");
}

void read_disk(Inspection& found, CommandRunner& runner) {
  constexpr std::uint64_t kLargest = std::uint64_t{64} << 30;
  DiskFacts facts = read_disk_facts(found.path);
  std::string raw = found.path;
  if (facts.format == "qcow2") {
    if (facts.virtual_size > kLargest) {
      throw_error(Code::resource_exhausted, "inspect {}: the disk in it has more than {} GiB",
                  found.path, kLargest >> 30);
    }
    raw = raw_image(found.path, found.work.path(), runner);
    const std::uint64_t size = facts.virtual_size;
    facts = read_disk_facts(raw);
    facts.format = "qcow2";
    facts.virtual_size = size;
  }
  found.disk = std::move(facts);
  read_disk_content(raw, found);
}

/// A manifest that fits the file, and says what the image does not.
void note_verity(Inspection& found) {
  if (!found.disk || !found.disk->verity || found.manifest.fit != Fit::fits) return;
  const Json told = found.manifest.text.value("verity", Json::object());
  const std::string root_hash = told.value("root_hash", "");
  if (root_hash.empty() || root_hash == found.disk->verity->root_hash) return;
  found.notes.push_back(
      fmt::format("the manifest says that verity's root hash is {}; the tree in "
                  "the image says otherwise",
                  foreign_line(root_hash, 64)));
}

void note_beside(const Beside& beside, const char* what, std::vector<std::string>& notes) {
  if (beside.fit == Fit::other_file || beside.fit == Fit::unreadable) {
    notes.push_back(fmt::format("the {} beside the image, {}, does not fit it: {}; it is not used",
                                what, base_name(beside.path), beside.reason));
  }
}

}  // namespace

Inspection inspect_image(const std::string& path, CommandRunner& runner) {
  Inspection found;
  found.path = path;
  const bool is_initrd = begins_as_initrd(path);
  if (!is_initrd && !is_disk_image(path)) {
    throw_error(
        Code::invalid_argument,
        "inspect {}: it is neither an initrd (a cpio archive of the format newc, compressed "
        "or not) nor a disk image (raw or qcow2, with partitions or one file system)",
        path);
  }
  found.sha256 = pipeline::sha256_of_file(path);
  found.size = std::filesystem::file_size(path);
  if (is_initrd)
    found.content = read_initrd(path, found.work.path());
  else
    read_disk(found, runner);
  found.distribution = distribution_of(found.content);
  found.manifest = manifest_beside(path, found.sha256);
  found.sbom = sbom_beside(path, found.sha256);
  note_beside(found.manifest, "manifest", found.notes);
  note_verity(found);
  note_beside(found.sbom, "SBOM", found.notes);
  found.packages = packages_of(found.content, found.work.path(), runner);
  if (found.packages.list.empty() && found.sbom.fit == Fit::fits) {
    std::vector<std::string> trouble = std::move(found.packages.trouble);
    found.packages = packages_of_sbom(found.sbom.text);
    for (std::string& text : trouble) found.packages.trouble.push_back(std::move(text));
  }
  for (const std::string& text : found.packages.trouble) found.notes.push_back(text);
  found.owners = owners_of(found.content, found.packages);
  found.agent = find_agent(found.content);
  if (found.manifest.fit == Fit::fits)
    found.kernel_parameters = found.manifest.text.value("kernel_params", "");
  if (found.content.climbing > 0)
    found.notes.push_back(
        fmt::format("{} names hold \"..\"; a kernel follows them", found.content.climbing));
  return found;
}

}  // namespace kata::inspect
