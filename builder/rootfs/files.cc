// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/files.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

using recipe::FileKind;
using recipe::ImageFile;
using recipe::ImageRecipe;

Node node_of(const ImageFile& file) {
  const std::string path = file.path.substr(1);
  switch (file.kind) {
    case FileKind::symlink:
      return make_symlink(path, file.target);
    case FileKind::directory:
      return make_directory(path, file.mode.value_or(0755));
    case FileKind::device:
      return make_device(path, file.block_device, file.device_major, file.device_minor,
                         file.mode.value_or(0600));
    case FileKind::content:
      return make_text_file(path, file.content, file.mode.value_or(0644));
    case FileKind::source:
      break;
  }
  struct stat status {};
  if (::stat(file.source.c_str(), &status) != 0)
    throw_errno(errno, "read {} for {}", file.source, file.path);
  // Only whether it may be run is taken from the builder: the rest of a mode comes from somebody's
  // umask
  return make_file(path, file.source,
                   file.mode.value_or((status.st_mode & 0100U) != 0 ? 0755 : 0644));
}

}  // namespace

void add_files(const ImageRecipe& recipe, Tree& tree) {
  for (const ImageFile& file : recipe.files) {
    if (file.path == "/")
      throw_error(Code::invalid_argument, "{}: a file cannot be /", recipe.file);
    Node node = in_context([&] { return node_of(file); }, "{}", recipe.file);
    node.origin = "files";
    node.entry.uid = file.uid;
    node.entry.gid = file.gid;
    tree.put(std::move(node));
  }
}

}  // namespace kata::rootfs
