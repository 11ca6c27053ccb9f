// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/disk_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/error.h"

namespace kata::hypervisor {
namespace {

// See docs/interop/qcow2 of QEMU for the numbers below.
constexpr std::size_t kQcow2HeaderSize = 104;
constexpr std::uint64_t kExternalDataFile = 1U << 2;
constexpr std::uint64_t kUnreadFeatures = ~std::uint64_t{1};  // all but "was not closed cleanly"
constexpr std::uint64_t kOffsetMask = 0x00fffffffffffe00;
constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kZeroes = 1;

std::uint64_t number_at(const std::string& text, std::size_t at, std::size_t bytes, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t place = at + (big ? i : bytes - 1 - i);
    const unsigned char byte = place < text.size() ? static_cast<unsigned char>(text[place]) : 0;
    value = value << 8 | byte;
  }
  return value;
}

}  // namespace

std::uint64_t little_endian(const std::string& text, std::size_t at, std::size_t bytes) {
  return number_at(text, at, bytes, false);
}

std::uint64_t big_endian(const std::string& text, std::size_t at, std::size_t bytes) {
  return number_at(text, at, bytes, true);
}

DiskReader::DiskReader(const std::string& path) : path_(path), fd_(open_file(path, O_RDONLY)) {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) throw_errno(errno, "stat {}", path);
  if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
    throw_error(Code::invalid_argument, "{} is no file and no disk", path);
  const off_t end = ::lseek(fd_.get(), 0, SEEK_END);  // the size of a disk as well
  file_size_ = end > 0 ? static_cast<std::uint64_t>(end) : 0;
  disk_size_ = file_size_;
  if (read_file_at(0, 4) == "QFI\xfb") read_qcow2_header();
}

void DiskReader::read_qcow2_header() {
  const std::string header = read_file_at(0, kQcow2HeaderSize);
  const std::uint64_t version = big_endian(header, 4, 4);
  const std::uint64_t features = version >= 3 ? big_endian(header, 72, 8) : 0;
  if (big_endian(header, 8, 8) != 0 || (features & kExternalDataFile) != 0) {
    throw_error(Code::permission_denied,
                "{} takes data from another file of the host; make it one file: qemu-img convert "
                "-O qcow2 {} NEW",
                path_, path_);
  }
  cluster_bits_ = static_cast<std::uint32_t>(big_endian(header, 20, 4));
  if (version < 2 || version > 3 || cluster_bits_ < 9 || cluster_bits_ > 21)
    throw_error(Code::invalid_argument, "{} has a damaged qcow2 header", path_);
  disk_size_ = big_endian(header, 24, 8);
  is_opaque_ = big_endian(header, 32, 4) != 0 || (features & kUnreadFeatures) != 0;
  level1_entries_ = big_endian(header, 36, 4);
  level1_offset_ = big_endian(header, 40, 8);
}

std::string DiskReader::read_file_at(std::uint64_t offset, std::size_t size) const {
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(fd_.get(), text.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno, "read {}", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return text;
}

std::uint64_t DiskReader::cluster_in_file(std::uint64_t offset) const {
  const std::uint32_t entry_bits = cluster_bits_ - 3;  // a table is one cluster of 8-byte entries
  const std::uint64_t cluster = offset >> cluster_bits_;
  const std::uint64_t index = cluster >> entry_bits;
  if (index >= level1_entries_) return 0;
  const std::uint64_t table = big_endian(read_file_at(level1_offset_ + index * 8, 8), 0, 8);
  if ((table & kOffsetMask) == 0) return 0;
  const std::uint64_t within = cluster & ((std::uint64_t{1} << entry_bits) - 1);
  const std::uint64_t entry = big_endian(read_file_at((table & kOffsetMask) + within * 8, 8), 0, 8);
  if ((entry & kCompressed) != 0)
    throw_error(Code::unimplemented, "{}: its clusters are compressed", path_);
  return (entry & kZeroes) != 0 ? 0 : entry & kOffsetMask;
}

std::string DiskReader::read(std::uint64_t offset, std::size_t size) const {
  if (!is_qcow2()) return read_file_at(offset, size);
  if (is_opaque_) throw_error(Code::unimplemented, "{}: features that are not read here", path_);
  std::string text;
  while (text.size() < size) {
    const std::uint64_t at = offset + text.size();
    const std::uint64_t within = at & ((std::uint64_t{1} << cluster_bits_) - 1);
    const std::uint64_t rest = (std::uint64_t{1} << cluster_bits_) - within;
    const std::size_t part = std::min<std::uint64_t>(size - text.size(), rest);
    const std::uint64_t cluster = cluster_in_file(at);
    text += cluster == 0 ? std::string(part, '\0') : read_file_at(cluster + within, part);
  }
  return text;
}

}  // namespace kata::hypervisor
