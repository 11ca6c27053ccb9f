// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/dax_header.h"

#include "builder/rootfs/disk/checksum.h"
#include "builder/rootfs/disk/disk_file.h"

namespace kata::rootfs {

std::string dax_header_bytes(const Uuid& uuid) {
  constexpr std::size_t kSize = 4096;
  constexpr std::uint32_t kPagesInMemory = 1;  // PFN_MODE_RAM: page structures are not in the image
  constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20;
  std::string bytes("NVDIMM_PFN_INFO\0", 16);
  for (const unsigned char byte : uuid) bytes += static_cast<char>(byte);
  bytes.append(16, '\0');             // no parent
  append_little_endian(bytes, 0, 4);  // flags
  append_little_endian(bytes, 1, 2);  // version 1.2
  append_little_endian(bytes, 2, 2);
  append_little_endian(bytes, kDaxDataOffset, 8);
  append_little_endian(bytes, 0, 8);  // page frames are counted by the kernel
  append_little_endian(bytes, kPagesInMemory, 4);
  append_little_endian(bytes, 0, 4);  // nothing cut off at the start
  append_little_endian(bytes, 0, 4);  // nor at the end
  append_little_endian(bytes, kHugePage, 4);
  std::string summed = bytes;
  summed.resize(kSize, '\0');  // the sum's own place counts as zero
  bytes.resize(kSize - 8, '\0');
  append_little_endian(bytes, fletcher64(summed), 8);
  return bytes;
}

}  // namespace kata::rootfs
