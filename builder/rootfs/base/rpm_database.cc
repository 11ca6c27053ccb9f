// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/rpm_database.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "builder/rootfs/base/package_nodes.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "var/lib/rpm";
constexpr std::string_view kMagic("\x8e\xad\xe8\x01\0\0\0\0", 8);
constexpr std::size_t kIntro = 16;  // magic, number of index entries, size of the data
constexpr std::size_t kEntry = 16;  // tag, type, offset, count
constexpr std::uint32_t kInstallTime = 1008;
constexpr std::uint32_t kInstallTransaction = 1128;
constexpr std::uint32_t kInt32 = 4;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void put_number(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i)
    bytes[at + i] = static_cast<char>(value >> (8U * (3 - static_cast<unsigned>(i))) & 0xffU);
}

CommandResult run(std::vector<std::string> argv, const std::string& database,
                  const std::string& input, pipeline::Context& context) {
  Command command{.argv = std::move(argv)};
  command.argv.insert(command.argv.begin() + 1, {"--dbpath", database});
  command.env = sandbox_environment(0);
  command.input = input;
  return run_checked(context.runner, command);
}

void write_nodes(const Tree& tree, const std::string& to) {
  make_directories(to);
  const std::string below = std::string(kFolder) + "/";
  for (auto node = tree.nodes().lower_bound(below);
       node != tree.nodes().end() && node->first.starts_with(below); ++node) {
    if (!node->second.content || node->first.find('/', below.size()) != std::string::npos) continue;
    std::string bytes;
    read_content(*node->second.content, node->first, [&](std::string_view part) { bytes += part; });
    write_file(join_path(to, node->first.substr(below.size())), bytes);
  }
}

}  // namespace

void set_install_times(std::string& headers, std::uint32_t time) {
  const auto damaged = [] {
    throw_error(Code::data_loss, "read the rpm database: what rpmdb exported is damaged");
  };
  std::size_t at = 0;
  while (at < headers.size()) {
    if (headers.size() - at < kIntro || headers.compare(at, kMagic.size(), kMagic) != 0) damaged();
    const std::size_t entries = number_at(headers, at + 8);
    const std::size_t size = number_at(headers, at + 12);
    const std::size_t index = at + kIntro;
    if (entries > (headers.size() - index) / kEntry) damaged();
    const std::size_t data = index + entries * kEntry;
    if (size > headers.size() - data) damaged();
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t entry = index + i * kEntry;
      const std::uint32_t tag = number_at(headers, entry);
      if (tag != kInstallTime && tag != kInstallTransaction) continue;
      const std::size_t offset = number_at(headers, entry + 8);
      if (number_at(headers, entry + 4) != kInt32 || size < 4 || offset > size - 4) damaged();
      put_number(headers, data + offset, time);
    }
    at = data + size;
  }
}

void rebuild_rpm_database(Tree& tree, std::int64_t time, const std::string& work,
                          pipeline::Context& context) {
  if (!tree.contains(kFolder)) return;
  const std::string old_folder = join_path(work, "rpmdb-old");
  const std::string folder = join_path(work, "rpmdb");
  write_nodes(tree, old_folder);
  make_directories(folder);
  std::string headers = run({"rpmdb", "--exportdb"}, old_folder, "", context).output;
  set_install_times(headers, static_cast<std::uint32_t>(time));
  (void)run({"rpmdb", "--importdb"}, folder, headers, context);
  const Node above = *tree.find(kFolder);
  tree.remove(kFolder);
  tree.put(above);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") || name.ends_with("-shm") || name.ends_with("-wal")) continue;
    Node node = make_file(join_path(kFolder, name), entry.path().string(), 0644);
    node.origin = "base";
    tree.put(std::move(node));
  }
  const std::string files =
      run({"rpm", "-qa", "--qf", "[%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{FILENAMES}\n]"}, folder, "",
          context)
          .output;
  for (const std::string& line : split_text(files)) {
    const std::vector<std::string> fields = split_text(line, '\t');
    if (fields.size() == 3) name_package(tree, fields[2], fields[0], fields[1]);
  }
}

}  // namespace kata::rootfs
