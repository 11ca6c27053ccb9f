// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/oci_base.h"

#include "builder/archive/archive_reader.h"
#include "builder/archive/decompress.h"
#include "builder/pipeline/digest.h"
#include "builder/rootfs/base/unpacker.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kTarOverhead = 4096;  // of an entry, its extended headers included

void check(const std::string& expected, const std::string& sha256, const std::string& name,
           const char* what) {
  if (expected == "sha256:" + sha256) return;
  throw_error(Code::data_loss,
              "{}: the digest of {} is sha256:{}, but {} is expected: it was changed, or the copy "
              "is damaged: get the image anew",
              name, what, sha256, expected);
}

}  // namespace

void unpack_oci_image(const OciImage& image, const recipe::ImageLimits& limits, Spool& spool,
                      Tree& tree) {
  Unpacker unpacker(tree, spool, limits);
  std::uint64_t left = limits.size + limits.entries * kTarOverhead;
  int number = 0;
  for (const OciLayer& layer : image.layers) {
    const std::string& known = layer.digest.empty() ? layer.diff_id : layer.digest;
    const std::string name = fmt::format("layer {} ({})", ++number, known.substr(0, 19));
    if (!layer.digest.empty())
      check(layer.digest, sha256_of_stored(layer.file, name), name, "the layer");
    archive::DecompressedStream stream(layer.file.file, layer.file.offset, layer.file.size, left,
                                       name);
    pipeline::Sha256 digest;
    std::uint64_t size = 0;
    const auto next = [&] {
      const std::string_view block = stream.next();
      digest.add(block);
      size += block.size();
      return block;
    };
    archive::ArchiveReader reader(name, next);
    unpacker.add_layer(reader, name, name);
    while (!next().empty()) {  // what follows the archive's end belongs to the digest
    }
    check(layer.diff_id, digest.finish(), name, "the unpacked layer");
    left -= size;
  }
}

}  // namespace kata::rootfs
