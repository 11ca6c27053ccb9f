// SPDX-License-Identifier: Apache-2.0
#include "tests/support/disk_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/base/error.h"

namespace kata::test {
namespace {

constexpr std::uint64_t kSector = 512;

void set_number(std::string& text, std::size_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) text[at + i] = static_cast<char>(value >> (8 * i));
}

/// The one of gzip and GPT.
std::uint32_t crc32(const std::string& text) {
  std::uint32_t sum = 0xffffffff;
  for (const char c : text) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~sum;
}

/// Fletcher's sum over 32-bit words, as drivers/nvdimm/core.c wants it.
std::uint64_t fletcher64(const std::string& text) {
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    std::uint32_t word = 0;
    for (std::size_t i = 4; i-- > 0;) word = word << 8 | static_cast<unsigned char>(text[at + i]);
    low += word;
    high += low;
  }
  return high << 32 | low;
}

std::string mbr_of(const std::vector<DiskImage::Partition>& partitions, std::uint64_t type) {
  std::string sector(kSector, '\0');
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const std::size_t entry = 446 + 16 * i;
    set_number(sector, entry + 4, type, 1);
    set_number(sector, entry + 8, partitions[i].offset / kSector, 4);
    set_number(sector, entry + 12, partitions[i].size / kSector, 4);
  }
  set_number(sector, 510, 0xaa55, 2);
  return sector;
}

}  // namespace

DiskImage::DiskImage(const std::string& path, std::uint64_t size)
    : path_(path), size_(size), fd_(open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0644)) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) throw_errno(errno, "make {}", path);
}

void DiskImage::write(std::uint64_t offset, const std::string& bytes) {
  const ssize_t done = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (done != static_cast<ssize_t>(bytes.size())) throw_errno(errno, "write {}", path_);
}

std::string DiskImage::read(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  const ssize_t done = ::pread(fd_.get(), bytes.data(), size, static_cast<off_t>(offset));
  if (done < 0) throw_errno(errno, "read {}", path_);
  bytes.resize(static_cast<std::size_t>(done));
  return bytes;
}

void DiskImage::put(std::uint64_t offset, const std::string& file) {
  const UniqueFd source = open_file(file, O_RDONLY);
  std::string block(kMib, '\0');
  for (;;) {
    const ssize_t got = ::read(source.get(), block.data(), block.size());
    if (got < 0) throw_errno(errno, "read {}", file);
    if (got == 0) return;
    const std::string bytes = block.substr(0, static_cast<std::size_t>(got));
    if (bytes.find_first_not_of('\0') != std::string::npos) write(offset, bytes);
    offset += bytes.size();
  }
}

void DiskImage::flip(std::uint64_t offset) {
  std::string byte = read(offset, 1);
  byte[0] = static_cast<char>(~byte[0]);
  write(offset, byte);
}

void DiskImage::write_mbr(const std::vector<Partition>& partitions, std::uint64_t at) {
  write(at, mbr_of(partitions, 0x83));
}

void DiskImage::write_gpt(const std::vector<Partition>& partitions) {
  // "Linux filesystem data", as bytes on the disk.
  const std::string type("\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4", 16);
  constexpr std::uint64_t kEntries = 128;
  constexpr std::uint64_t kEntrySize = 128;
  const std::uint64_t last = size_ / kSector - 1;
  std::string entries(kEntries * kEntrySize, '\0');
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const std::size_t entry = i * kEntrySize;
    entries.replace(entry, 16, type);
    entries.replace(entry + 16, 16, std::string(16, static_cast<char>('1' + i)));
    set_number(entries, entry + 32, partitions[i].offset / kSector, 8);
    set_number(entries, entry + 40, (partitions[i].offset + partitions[i].size) / kSector - 1, 8);
  }
  std::string header(kSector, '\0');
  header.replace(0, 8, "EFI PART");
  set_number(header, 8, 0x00010000, 4);
  set_number(header, 12, 92, 4);
  set_number(header, 24, 1, 8);
  set_number(header, 32, last, 8);
  set_number(header, 40, 34, 8);
  set_number(header, 48, last - 33, 8);
  header.replace(56, 16, std::string(16, 'D'));
  set_number(header, 72, 2, 8);
  set_number(header, 80, kEntries, 4);
  set_number(header, 84, kEntrySize, 4);
  set_number(header, 88, crc32(entries), 4);
  set_number(header, 16, crc32(header.substr(0, 92)), 4);
  write(0, mbr_of({{kSector, size_ - kSector}}, 0xee));
  write(kSector, header);
  write(2 * kSector, entries);
}

void DiskImage::write_dax_header(std::uint64_t data_offset) {
  std::string block(4096, '\0');
  block.replace(0, 15, "NVDIMM_PFN_INFO");
  block.replace(16, 16, std::string(16, 'U'));
  set_number(block, 52, 1, 2);  // version 1.2
  set_number(block, 54, 2, 2);
  set_number(block, 56, data_offset, 8);
  set_number(block, 64, (size_ - data_offset) / 4096, 8);
  set_number(block, 72, 1, 4);  // the descriptors of its pages are in ordinary memory
  set_number(block, 84, 2 * kMib, 4);
  set_number(block, 4088, fletcher64(block), 8);
  write(4096, block);
}

}  // namespace kata::test
