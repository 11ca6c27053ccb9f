// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/guest_disk.h"

#include <filesystem>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "tests/support/docker.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

constexpr std::uint64_t kMib = DiskImage::kMib;

std::string run(std::vector<std::string> argv) {
  RealCommandRunner runner;
  return run_checked(runner, {.argv = std::move(argv), .timeout = std::chrono::seconds(60)}).output;
}

/// The value in a line "Root hash:      0123".
std::string value_of(const std::string& text, const std::string& name) {
  for (const std::string& line : split_text(text)) {
    if (line.starts_with(name + ":")) return trimmed(line.substr(name.size() + 1));
  }
  throw_error(Code::internal, "veritysetup told no {}: {}", name, text);
}

std::uint64_t round_up(std::uint64_t size, std::uint64_t step) {
  return (size + step - 1) / step * step;
}

}  // namespace

GuestDisk::GuestDisk() : folder_("/var/tmp") {
  require_program("mkfs.erofs");
  require_program("mke2fs");
  require_program("veritysetup");
  agent_ = KATA_AGENT;
  const std::string root = folder() + "/root";
  for (const char* name : {"sbin", "dev", "proc", "sys", "run", "tmp", "etc"})
    make_directories(root + "/" + name);
  std::filesystem::copy_file(agent_, root + "/sbin/init");
}

std::string GuestDisk::make_filesystem(const std::string& type) {
  const std::string file = fmt::format("{}/{}-{}", folder(), type, ++made_);
  if (type == "erofs") {
    run({"mkfs.erofs", "--quiet", file, folder() + "/root"});
    return file;
  }
  const std::uint64_t size = round_up(std::filesystem::file_size(agent_), kMib) + 4 * kMib;
  run({"mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-O", "^has_journal", "-d",
       folder() + "/root", file, fmt::format("{}k", size / 1024)});
  return file;
}

std::string GuestDisk::make_hash_tree(const std::string& data, std::string& parameters) {
  const std::string file = data + ".tree";
  const std::string text =
      run({"veritysetup", "format", "--no-superblock", "--salt=00112233", data, file});
  parameters = fmt::format(
      "root_hash={},salt=00112233,data_blocks={},data_block_size=4096,hash_block_size=4096",
      value_of(text, "Root hash"), std::filesystem::file_size(data) / 4096);
  return file;
}

DiskImage GuestDisk::make_image(Layout layout, const std::string& filesystem,
                                const std::string& second) {
  const std::uint64_t first_size = round_up(std::filesystem::file_size(filesystem), kMib);
  const std::uint64_t second_size =
      second.empty() ? 0 : round_up(std::filesystem::file_size(second), kMib);
  const std::uint64_t start = layout == Layout::nvdimm ? 3 * kMib
                              : layout == Layout::bare ? 0
                                                       : kMib;
  std::uint64_t size = start + first_size + second_size + (layout == Layout::gpt ? kMib : 0);
  if (layout == Layout::nvdimm) size = round_up(size, 128 * kMib);
  if (layout == Layout::bare && !second.empty())
    size = std::filesystem::file_size(filesystem) + second_size;
  DiskImage image(fmt::format("{}/image-{}", folder(), ++made_), size);
  std::vector<DiskImage::Partition> partitions = {{start, first_size}};
  if (!second.empty()) partitions.push_back({start + first_size, second_size});
  if (layout == Layout::gpt) image.write_gpt(partitions);
  if (layout == Layout::mbr || layout == Layout::nvdimm) image.write_mbr(partitions);
  if (layout == Layout::nvdimm) {
    image.write_mbr({{kMib, first_size}}, 2 * kMib);
    image.write_dax_header(2 * kMib);
  }
  image.put(start, filesystem);
  if (second.empty()) return image;
  // Without partitions the tree stands right behind the data.
  image.put(layout == Layout::bare ? std::filesystem::file_size(filesystem) : start + first_size,
            second);
  return image;
}

std::uint64_t GuestDisk::find_agent(const std::string& file) const {
  // The program's first page: no start is without it.
  const std::string page = read_file(agent_).substr(0, 4096);
  const std::size_t found = read_file(file).find(page);
  if (found == std::string::npos)
    throw_error(Code::internal, "the agent's program is not in {}", file);
  return found + page.size() / 2;
}

}  // namespace kata::test
