// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/erofs_image.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>
#include <map>

#include "builder/pipeline/parallel.h"
#include "builder/rootfs/disk/content_part.h"
#include "builder/rootfs/disk/erofs_compress.h"
#include "builder/rootfs/disk/erofs_format.h"
#include "builder/rootfs/disk/node_mode.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;
using erofs::DataLayout;
using erofs::kBlock;

constexpr std::uint64_t kPart = std::uint64_t{4} << 20;  // of a file, for one thread at a time

/// A file's bytes, once, however many names it has.
struct FileData {
  const Content* content = nullptr;
  std::string path;  // its first name
  std::uint32_t first_block = 0;
  std::uint32_t blocks = 0;
  bool is_compressed = false;
  std::vector<erofs::Extent> extents;
};

struct Part {
  std::size_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string blocks;  // as they go on disk
  erofs::Compressed compressed;
};

struct Item {
  erofs::Inode inode;
  const Node* node = nullptr;  // nothing: the root
  const FileData* data = nullptr;
  std::vector<erofs::DirectoryEntry> entries;  // of a folder; `inode` is an index of items at first
  std::string xattrs;
  std::uint64_t full_size = 0;  // bytes in blocks of their own
  std::uint64_t slot = 0;
};

class ErofsWriter {
 public:
  ErofsWriter(const Tree& tree, const ErofsOptions& options, std::uint64_t offset, DiskFile& disk)
      : tree_(tree), options_(options), offset_(offset), disk_(disk) {}

  std::uint64_t write() {
    collect_files();
    write_files();
    collect_items();
    place_items();
    write_folders_and_links();
    write_meta();
    erofs::SuperBlock super{.root_inode = items_.front().slot,
                            .inodes = items_.size(),
                            .time = options_.mtime,
                            .blocks = next_block_,
                            .meta_block = meta_block_,
                            .uuid = options_.uuid,
                            .is_compressed = options_.lz4_level > 0};
    disk_.write(offset_, erofs::super_block_bytes(super));
    return std::uint64_t{next_block_} * kBlock;
  }

 private:
  void collect_files() {
    for (const auto& [path, node] : tree_.nodes()) {
      if (!node.content || file_of_.contains(node.content.get())) continue;
      file_of_[node.content.get()] = files_.size();
      files_.push_back(
          {.content = node.content.get(), .path = path, .is_compressed = false, .extents = {}});
    }
  }

  std::uint32_t take_blocks(std::uint64_t count) {
    if (count > std::numeric_limits<std::uint32_t>::max() - next_block_)
      throw_error(Code::invalid_argument, "the tree is too large for erofs (16 TiB)");
    const std::uint32_t first = next_block_;
    next_block_ += static_cast<std::uint32_t>(count);
    return first;
  }

  [[nodiscard]] bool may_have_tail(std::uint64_t size) const {
    return !options_.dax && size % kBlock != 0;
  }

  /// What one thread does: reads a part, and compresses it.
  void prepare(Part& part) const {
    const FileData& file = files_[part.file];
    std::string bytes = read_content_part(*file.content, file.path, part.offset, part.size);
    const bool is_whole = part.size == file.content->size;
    if (options_.lz4_level > 0 && (part.size > kBlock || !is_whole)) {
      part.compressed = erofs::compress(bytes, options_.lz4_level);
      const std::uint64_t size =
          part.compressed.blocks.size() + erofs::cluster_index_size(part.size);
      if (!is_whole || size < part.size) {
        part.blocks = std::move(part.compressed.blocks);
        return;
      }
      part.compressed = {};
    }
    // The last bytes of a file stand behind its inode where they can
    const bool is_last = part.offset + part.size == file.content->size;
    const std::uint64_t full = part.size / kBlock * kBlock;
    bytes.resize(is_last && tail_fits(file, part) ? full : align_up(part.size, kBlock), '\0');
    part.blocks = std::move(bytes);
  }

  [[nodiscard]] bool tail_fits(const FileData& file, const Part& part) const {
    if (!may_have_tail(file.content->size)) return false;
    // Attributes are those of any of the names: they are the file's
    const auto node = tree_.nodes().find(file.path);
    const std::uint64_t xattrs = erofs::xattr_bytes(node->second.entry.xattrs, file.path).size();
    return erofs::kExtendedInodeSize + xattrs + part.size % kBlock <= kBlock;
  }

  void write_files() {
    std::vector<Part> parts;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const std::uint64_t size = files_[i].content->size;
      for (std::uint64_t at = 0; at < size; at += kPart)
        parts.push_back({.file = i,
                         .offset = at,
                         .size = std::min(kPart, size - at),
                         .blocks = {},
                         .compressed = {}});
    }
    const std::size_t batch = std::max(1U, options_.jobs) * std::size_t{8};
    for (std::size_t begin = 0; begin < parts.size(); begin += batch) {
      const std::size_t count = std::min(batch, parts.size() - begin);
      pipeline::run_parallel(count, options_.jobs,
                             [&](std::size_t i) { prepare(parts[begin + i]); });
      for (std::size_t i = begin; i < begin + count; ++i) {
        Part& part = parts[i];
        FileData& file = files_[part.file];
        const std::uint32_t block = take_blocks(part.blocks.size() / kBlock);
        if (part.offset == 0) file.first_block = block;
        file.blocks += static_cast<std::uint32_t>(part.blocks.size() / kBlock);
        file.is_compressed = file.is_compressed || !part.compressed.extents.empty();
        file.extents.insert(file.extents.end(), part.compressed.extents.begin(),
                            part.compressed.extents.end());
        disk_.write(offset_ + block * kBlock, part.blocks);
        part = {};
      }
    }
  }

  std::size_t add_item(const Node* node) {
    Item item;
    item.node = node;
    item.inode.number = static_cast<std::uint32_t>(items_.size() + 1);
    item.inode.mode = node == nullptr ? S_IFDIR | 0755 : node_mode(*node);
    if (node != nullptr) {
      item.inode.uid = node->entry.uid;
      item.inode.gid = node->entry.gid;
      item.xattrs = erofs::xattr_bytes(node->entry.xattrs, node->entry.path);
      item.inode.xattr_size = item.xattrs.size();
      const bool is_device = S_ISCHR(item.inode.mode) || S_ISBLK(item.inode.mode);
      if (is_device) item.inode.place = device_number(*node);
    }
    items_.push_back(std::move(item));
    return items_.size() - 1;
  }

  void collect_items() {
    std::map<std::string, std::size_t> folders{{"", add_item(nullptr)}};
    std::map<const Content*, std::size_t> linked;
    for (const auto& [path, node] : tree_.nodes()) {
      const auto known = node.content ? linked.find(node.content.get()) : linked.end();
      const bool is_new = known == linked.end();
      const std::size_t index = is_new ? add_item(&node) : known->second;
      if (!is_new) ++items_[index].inode.links;
      if (node.content && is_new) {
        linked[node.content.get()] = index;
        items_[index].data = &files_[file_of_.at(node.content.get())];
      }
      const std::size_t slash = path.rfind('/');
      const std::string above = slash == std::string::npos ? "" : path.substr(0, slash);
      const std::size_t parent = folders.at(above);
      items_[parent].entries.push_back(
          {std::string(base_name(path)), index, items_[index].inode.mode});
      if (node.entry.kind != EntryKind::directory) continue;
      folders[path] = index;
      ++items_[parent].inode.links;
      items_[index].entries.push_back({"..", parent, S_IFDIR});
    }
    items_.front().entries.push_back({"..", 0, S_IFDIR});
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (!S_ISDIR(items_[i].inode.mode)) continue;
      ++items_[i].inode.links;
      items_[i].entries.push_back({".", i, S_IFDIR});
      std::sort(items_[i].entries.begin(), items_[i].entries.end(),
                [](const auto& one, const auto& other) { return one.name < other.name; });
    }
  }

  /// Bytes that stand behind the inode and its attributes.
  [[nodiscard]] static std::uint64_t following_size(const Item& item) {
    if (item.inode.layout == DataLayout::compressed)
      return erofs::cluster_index_size(item.inode.size) + 8;  // it begins at a multiple of eight
    return item.inode.size - std::min(item.inode.size, item.full_size);
  }

  void settle_file(Item& item) const {
    const FileData& data = *item.data;
    item.inode.size = data.content->size;
    item.full_size = std::uint64_t{data.blocks} * kBlock;
    item.inode.place = data.is_compressed ? data.blocks : data.first_block;
    if (data.is_compressed)
      item.inode.layout = DataLayout::compressed;
    else if (item.full_size < item.inode.size)
      item.inode.layout = DataLayout::tail_inline;
  }

  /// A folder's or a link's bytes: behind the inode what fits, the rest in blocks of its own.
  void settle_bytes(Item& item, std::uint64_t size) {
    item.inode.size = size;
    const std::uint64_t tail = size % kBlock;
    const bool fits = erofs::kExtendedInodeSize + item.xattrs.size() + tail <= kBlock;
    const bool is_inline = tail != 0 && fits;
    item.full_size = is_inline ? size - tail : align_up(size, kBlock);
    item.inode.layout = is_inline ? DataLayout::tail_inline : DataLayout::plain;
    if (item.full_size > 0) item.inode.place = take_blocks(item.full_size / kBlock);
  }

  void place_items() {
    for (Item& item : items_) {
      if (item.data != nullptr) settle_file(item);
      if (S_ISDIR(item.inode.mode)) settle_bytes(item, erofs::directory_size(item.entries));
      if (S_ISLNK(item.inode.mode)) settle_bytes(item, item.node->entry.target.size());
    }
    std::uint64_t cursor = erofs::kSlot;  // an inode with the number 0 would not be listed
    for (Item& item : items_) {
      const std::uint64_t head =
          (is_extended(item.inode) ? erofs::kExtendedInodeSize : erofs::kInodeSize) +
          item.xattrs.size();
      const std::uint64_t all = head + following_size(item);
      // What belongs together stays in one block where it can: a tail must
      cursor = align_up(cursor, erofs::kSlot);
      const std::uint64_t together = all <= kBlock ? all : std::min(head, kBlock);
      if (cursor % kBlock + together > kBlock) cursor = align_up(cursor, kBlock);
      item.slot = cursor / erofs::kSlot;
      cursor += all;
    }
    meta_block_ = take_blocks(align_up(cursor, kBlock) / kBlock);
    for (Item& item : items_) {
      for (erofs::DirectoryEntry& entry : item.entries) entry.inode = items_[entry.inode].slot;
    }
  }

  [[nodiscard]] std::string bytes_of(const Item& item) const {
    if (S_ISDIR(item.inode.mode)) return erofs::directory_bytes(item.entries);
    if (S_ISLNK(item.inode.mode)) return item.node->entry.target;
    return {};
  }

  void write_folders_and_links() {
    for (const Item& item : items_) {
      if (item.data != nullptr || item.full_size == 0) continue;
      disk_.write(offset_ + item.inode.place * kBlock, bytes_of(item).substr(0, item.full_size));
    }
  }

  [[nodiscard]] std::string tail_of(const Item& item) const {
    const std::uint64_t size = item.inode.size - item.full_size;
    if (item.data == nullptr) return bytes_of(item).substr(item.full_size);
    return read_content_part(*item.data->content, item.data->path, item.full_size, size);
  }

  void write_meta() {
    std::string meta;
    for (const Item& item : items_) {
      meta.resize(item.slot * erofs::kSlot, '\0');
      meta += erofs::inode_bytes(item.inode, options_.mtime);
      meta += item.xattrs;
      if (item.inode.layout == DataLayout::compressed) {
        meta.resize(align_up(meta.size(), 8), '\0');
        meta += erofs::cluster_index_bytes(item.data->extents, item.data->first_block);
      } else if (item.inode.layout == DataLayout::tail_inline) {
        meta += tail_of(item);
      }
    }
    meta.resize(align_up(meta.size(), kBlock), '\0');
    disk_.write(offset_ + std::uint64_t{meta_block_} * kBlock, meta);
  }

  const Tree& tree_;
  const ErofsOptions& options_;
  const std::uint64_t offset_;
  DiskFile& disk_;
  std::uint32_t next_block_ = 1;  // behind the super block
  std::uint32_t meta_block_ = 0;
  std::vector<FileData> files_;
  std::map<const Content*, std::size_t> file_of_;
  std::vector<Item> items_;  // the root is the first
};

}  // namespace

std::uint64_t write_erofs(const Tree& tree, const ErofsOptions& options, std::uint64_t offset,
                          DiskFile& disk) {
  return ErofsWriter(tree, options, offset, disk).write();
}

}  // namespace kata::rootfs
