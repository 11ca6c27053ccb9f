// SPDX-License-Identifier: Apache-2.0
//
// An image that somebody hands to `katabuild inspect`: an initrd, a partition table, a file
// system of a kind that katabuild reads itself.
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "builder/inspect/disk_facts.h"
#include "builder/inspect/erofs_reader.h"
#include "builder/inspect/initrd.h"
#include "builder/inspect/squashfs_reader.h"
#include "builder/inspect/xfs_reader.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

using namespace kata;

namespace {

template <typename Read>
void refuse_or(Read read) {
  try {
    read();
  } catch (const Error&) {  // the only way to refuse it
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TempDir work;
  const UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  write_all(file.get(), {reinterpret_cast<const char*>(data), size});
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  refuse_or([&] { static_cast<void>(inspect::read_initrd(path, work.path())); });
  refuse_or([&] {
    for (const inspect::Partition& partition : inspect::read_disk_facts(path).partitions) {
      const auto read = partition.file_system == "erofs"      ? inspect::read_erofs
                        : partition.file_system == "squashfs" ? inspect::read_squashfs
                        : partition.file_system == "xfs"      ? inspect::read_xfs
                                                              : nullptr;
      if (read == nullptr) continue;
      inspect::ContentBuilder builder(path, work.path(),
                                      {.size = std::uint64_t{64} << 20, .entries = 10'000});
      read(path, partition.offset, builder);
      static_cast<void>(builder.finish());
    }
  });
  return 0;
}
