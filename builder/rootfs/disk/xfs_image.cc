// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_image.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "builder/pipeline/interrupt.h"
#include "builder/rootfs/disk/content_part.h"
#include "builder/rootfs/disk/node_mode.h"
#include "builder/rootfs/disk/xfs_attributes.h"
#include "builder/rootfs/disk/xfs_folder.h"
#include "builder/rootfs/disk/xfs_tables.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

constexpr std::uint64_t kXfsPart = std::uint64_t{4} << 20;
constexpr std::size_t kCore = 176;  // of an inode; the rest is for its data and attributes
constexpr std::size_t kLiteral = kXfsInode - kCore;
constexpr std::size_t kShortAttributes = 200;  // longer ones get a block
constexpr std::size_t kLongestTarget = 1023;
constexpr std::uint64_t kOwnInodes = 3;  // the root, and two for a device that is not there
constexpr std::uint64_t kNoInode = 0xffffffff;

/// What an inode says besides its forks.
struct InodeFacts {
  unsigned mode = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t links = 1;
  std::uint64_t size = 0;
  unsigned flags = 0;
};

std::uint64_t xfs_blocks_of(std::uint64_t bytes) noexcept {
  return (bytes + kXfsBlock - 1) / kXfsBlock;
}

/// Inodes of a tree: names of one file have one.
std::uint64_t count_inodes(const Tree& tree) {
  std::set<const Content*> seen;
  std::uint64_t count = kOwnInodes;
  for (const auto& [path, node] : tree.nodes())
    count += !node.content || seen.insert(node.content.get()).second ? 1U : 0U;
  return count;
}

class XfsWriter {
 public:
  XfsWriter(const Tree& tree, const XfsOptions& options, std::uint64_t offset, DiskFile& disk)
      : tree_(tree),
        volume_{
            .space = XfsSpace(options.size), .uuid = options.uuid, .offset = offset, .disk = disk},
        inodes_(volume_.space, count_inodes(tree)),
        time_(
            std::clamp<std::int64_t>(options.mtime, 0, std::numeric_limits<std::int32_t>::max())) {}

  void write() {
    number_all();
    constexpr unsigned kNewBitmap = 4;
    write_folder(inodes_.number(0), make_directory("root", 0755), "");
    for (const unsigned own : {1U, 2U}) {  // without blocks, but there
      write_inode(inodes_.number(own), {.mode = S_IFREG, .flags = own == 1 ? kNewBitmap : 0},
                  {.format = kXfsExtents}, {}, 0);
    }
    std::set<const Content*> written;
    for (const auto& [path, node] : tree_.nodes()) {
      pipeline::throw_if_interrupted();
      if (node.content && !written.insert(node.content.get()).second) continue;
      write_node(path, node);
    }
    for (std::uint64_t i = inodes_.count(); i < inodes_.all(); ++i)
      write_inode(inodes_.number(i), {.links = 0}, {}, {}, 0);
    write_xfs_tables(volume_, inodes_);
  }

 private:
  /// Gives each file its number, and each folder the names in it.
  void number_all() {
    folders_[""] = inodes_.number(0);
    std::uint64_t next = kOwnInodes;
    for (const auto& [path, node] : tree_.nodes()) {
      std::uint64_t number = 0;
      if (node.content) {
        File& file = files_[node.content.get()];
        if (file.links++ == 0) file.inode = inodes_.number(next++);
        number = file.inode;
      } else {
        number = inodes_.number(next++);
        others_[path] = number;
      }
      const unsigned mode = node_mode(node);
      if (S_ISDIR(mode)) folders_[path] = number;
      names_[folder_of(path)].push_back({std::string(base_name(path)), number, name_type(mode)});
    }
  }

  static std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  void write_node(const std::string& path, const Node& node) {
    const unsigned mode = node_mode(node);
    if (node.content) return write_file(path, node);
    const std::uint64_t inode = others_.at(path);
    if (S_ISDIR(mode)) return write_folder(inode, node, path);
    const XfsAttributes attributes(node.entry.xattrs, path);
    InodeFacts facts = facts_of(node);
    XfsFork fork{.format = kXfsDevice};
    if (S_ISLNK(mode)) {
      const std::string& target = node.entry.target;
      facts.size = target.size();
      fork = {.format = kXfsLocal, .literal = target};
      if (target.size() > kLongestTarget) {
        throw_error(Code::invalid_argument,
                    "/{}: a link in an XFS leads to at most {} bytes: use another file system",
                    path, kLongestTarget);
      }
      if (target.size() > data_room(attributes)) {
        fork = {};
        write_remote(volume_, "XSLM", inode, target,
                     extend_fork(volume_, fork, 0, remote_blocks(target.size())));
      }
    } else if (S_ISCHR(mode) || S_ISBLK(mode)) {
      append_big_endian(fork.literal, node.entry.device_major << 18U | node.entry.device_minor, 4);
    } else {
      append_big_endian(fork.literal, 0, 4);
    }
    finish(inode, facts, fork, attributes);
  }

  void write_file(const std::string& path, const Node& node) {
    const File& file = files_.at(node.content.get());
    const std::uint64_t size = node.content->size;
    InodeFacts facts = facts_of(node);
    facts.links = file.links;
    facts.size = size;
    XfsFork fork;
    const std::vector<XfsPlace> places = extend_fork(volume_, fork, 0, xfs_blocks_of(size));
    std::uint64_t done = 0;
    for (std::size_t i = 0; i < places.size();) {
      std::size_t count = 1;  // of blocks that follow each other: as many as are left in the group
      while (i + count < places.size() && count < kXfsPart / kXfsBlock &&
             places[i + count].group == places[i].group)
        ++count;
      const std::uint64_t part = std::min(count * kXfsBlock, size - done);
      volume_.disk.write(volume_.offset + volume_.space.byte_of(places[i]),
                         read_content_part(*node.content, path, done, part));
      done += part;
      i += count;
    }
    finish(file.inode, facts, fork, XfsAttributes(node.entry.xattrs, path));
  }

  void write_folder(std::uint64_t inode, const Node& node, const std::string& path) {
    const XfsAttributes attributes(node.entry.xattrs, path);
    const std::vector<XfsName>& names = names_[path];
    const XfsFolder folder =
        write_xfs_folder(volume_, inode, path.empty() ? inode : folders_.at(folder_of(path)), names,
                         data_room(attributes));
    InodeFacts facts = facts_of(node);
    facts.links = 2;
    for (const XfsName& name : names) facts.links += name.type == name_type(S_IFDIR) ? 1U : 0U;
    facts.size = folder.size;
    finish(inode, facts, folder.fork, attributes);
  }

  static InodeFacts facts_of(const Node& node) {
    return {.mode = node_mode(node), .uid = node.entry.uid, .gid = node.entry.gid};
  }

  static std::size_t data_room(const XfsAttributes& attributes) {
    return (kLiteral - attributes.room(kShortAttributes)) / 8 * 8;
  }

  void finish(std::uint64_t inode, const InodeFacts& facts, const XfsFork& data,
              const XfsAttributes& attributes) {
    const std::size_t room = data_room(attributes);
    KATA_ASSERT(data.literal.size() <= room);
    if (attributes.is_empty()) return write_inode(inode, facts, data, {}, 0);
    write_inode(inode, facts, data, attributes.write(volume_, inode, kShortAttributes), room);
  }

  /// `room` is that of the data; 0: all of it.
  void write_inode(std::uint64_t inode, const InodeFacts& facts, const XfsFork& data,
                   const XfsFork& attributes, std::size_t room) {
    const bool is_used = facts.mode != 0;
    std::string bytes = "IN";
    const auto add = [&](std::uint64_t value, unsigned size) {
      append_big_endian(bytes, value, size);
    };
    const auto add_time = [&] { add(is_used ? static_cast<std::uint64_t>(time_) << 32U : 0, 8); };
    add(facts.mode, 2);
    add(3, 1);
    add(data.format, 1);
    add(0, 2);
    add(facts.uid, 4);
    add(facts.gid, 4);
    add(facts.links, 4);
    bytes.append(4 + 8, '\0');  // project, padding
    for (int i = 0; i < 3; ++i) add_time();
    add(facts.size, 8);
    add(data.blocks + attributes.blocks, 8);
    add(0, 4);
    add(data.extents, 4);
    add(attributes.extents, 2);
    add(room / 8, 1);
    add(room > 0 ? attributes.format : (is_used ? kXfsExtents : 0), 1);
    bytes.append(4 + 2, '\0');
    add(facts.flags, 2);
    add(0, 4);         // generation
    add(kNoInode, 4);  // in no list of unlinked ones
    add(0, 4);         // checksum
    add(is_used ? 1 : 0, 8);
    bytes.append(8 + 8 + 4 + 12, '\0');
    add_time();
    add(inode, 8);
    bytes.append(volume_.uuid.begin(), volume_.uuid.end());
    KATA_ASSERT(bytes.size() == kCore);
    bytes += data.literal;
    if (room > 0) bytes.resize(kCore + room);
    bytes += attributes.literal;
    volume_.disk.write(volume_.offset + XfsInodeTable::byte_of(inode),
                       sealed(std::move(bytes), kXfsInode, 100));
  }

  struct File {
    std::uint64_t inode = 0;
    std::uint64_t links = 0;
  };

  const Tree& tree_;
  XfsVolume volume_;
  XfsInodeTable inodes_;
  std::int64_t time_;
  std::map<std::string, std::uint64_t> folders_;
  std::map<std::string, std::uint64_t> others_;  ///< what has no content
  std::map<const Content*, File> files_;
  std::map<std::string, std::vector<XfsName>> names_;  ///< by folder
};

}  // namespace

std::uint64_t xfs_size(const Tree& tree, unsigned free_percent, std::uint64_t free_bytes) {
  constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
  constexpr std::uint64_t kLeast = 300 * kMib;
  std::uint64_t blocks = kXfsLogBlocks + kXfsGroups * kXfsHeaderBlocks;
  std::uint64_t name_bytes = 0;
  std::set<const Content*> seen;
  for (const auto& [path, node] : tree.nodes()) {
    name_bytes += 8 + 1 + base_name(path).size() + 1 + 2 + 7 + 8;  // its entry, and in the index
    if (node.entry.kind == archive::EntryKind::directory) blocks += 4;
    if (node.entry.target.size() > kLiteral - kShortAttributes) blocks += 2;
    for (const auto& [name, value] : node.entry.xattrs) blocks += 1 + remote_blocks(value.size());
    if (node.content && seen.insert(node.content.get()).second)
      blocks += xfs_blocks_of(node.content->size);
  }
  const std::uint64_t inode_blocks = xfs_inode_blocks(count_inodes(tree));
  // at the end of each block some of it is lost
  const std::uint64_t used =
      (blocks + xfs_blocks_of(name_bytes + name_bytes / 8) + inode_blocks) * kXfsBlock;
  const std::uint64_t all =
      free_bytes > 0 ? used + free_bytes : used / (100 - free_percent) * 100 + kMib;
  // all inodes are in the first of the groups
  const std::uint64_t for_inodes = (inode_blocks + kXfsHeaderBlocks + 1) * kXfsGroups * kXfsBlock;
  return align_up(std::max({all, for_inodes, kLeast}), kMib);
}

void write_xfs(const Tree& tree, const XfsOptions& options, std::uint64_t offset, DiskFile& disk) {
  disk.resize(offset + options.size);
  XfsWriter(tree, options, offset, disk).write();
}

}  // namespace kata::rootfs
