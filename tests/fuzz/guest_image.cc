// SPDX-License-Identifier: Apache-2.0
//
// The start of a guest's disk image; its second half is what stands at 64 KiB, so that the tables
// of a qcow2 image and the second partition table can be met.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/hypervisor/guest_image.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TempDir folder;
  static const std::string path = folder.path() + "/image";
  std::string text(reinterpret_cast<const char*>(data), size);
  if (const std::size_t half = size / 2; size > 128) text.insert(half, 65536 - half % 65536, '\0');
  write_file(path, text);
  try {
    const hypervisor::GuestImage image = hypervisor::read_guest_image(path);
    const hypervisor::HashTree tree = hypervisor::find_hash_tree(image, 4096, 4096);
    const std::uint64_t end =
        tree.on_second_partition && image.second ? image.second->size : image.root.size;
    // What the kernel is told must be within the image that was looked at.
    if (image.table != hypervisor::PartitionTable::unknown && tree.first_byte > end) ::abort();
    if (image.root.offset > image.disk_size) ::abort();
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
