// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/tree_store.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "builder/rootfs/base/tree_file.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

namespace fs = std::filesystem;
using pipeline::Context;

constexpr const char* kKind = "trees";
constexpr const char* kIndex = "index";
constexpr const char* kContents = "contents";
constexpr const char* kDigest = "contents.sha256";
constexpr std::chrono::hours kUnusedFor{30 * 24};
constexpr std::size_t kLargestIndex = std::size_t{4} << 30;

/// What is stored, or nothing when it is not whole.
std::optional<Base> load(const std::string& folder, const Context& context) {
  try {
    const std::string contents = join_path(folder, kContents);
    const std::string digest = read_line_of(join_path(folder, kDigest));
    if (pipeline::remembered_sha256(contents, context.cache) != digest) return std::nullopt;
    return tree_from_text(read_file(join_path(folder, kIndex), kLargestIndex), contents);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    return std::nullopt;
  }
}

std::optional<Base> find(const std::string& key, const Context& context) {
  const std::optional<std::string> folder = context.cache.find(kKind, key);
  if (!folder) return std::nullopt;
  std::optional<Base> base = load(*folder, context);
  if (base) {
    std::error_code error;
    fs::last_write_time(*folder, fs::file_time_type::clock::now(), error);
  }
  return base;
}

/// Contents that are texts or lie in other files go into the spool too.
void gather(Tree& tree, Spool& spool) {
  std::map<const Content*, std::shared_ptr<Content>> moved;
  for (const auto& [path, node] : tree.nodes()) {
    if (!node.content || (node.content->file == spool.path() && !node.content->sha256.empty()))
      continue;
    std::shared_ptr<Content>& known = moved[node.content.get()];
    if (known) continue;
    known = spool.add([&, name = &path,
                       content = node.content](const std::function<void(std::string_view)>& take) {
      read_content(*content, *name, take);
    });
  }
  if (moved.empty()) return;
  Tree gathered;
  for (const auto& [path, node] : tree.nodes()) {
    Node copy = node;
    if (const auto found = moved.find(node.content.get()); found != moved.end())
      copy.content = found->second;
    gathered.put(std::move(copy));
  }
  tree = std::move(gathered);
}

void remove_unused(const Context& context) {
  const auto limit = fs::file_time_type::clock::now() - kUnusedFor;
  for (const auto& entry : fs::directory_iterator(context.cache.folder(kKind))) {
    std::error_code error;
    if (entry.last_write_time(error) < limit && !error) fs::remove_all(entry.path(), error);
  }
}

}  // namespace

bool has_stored_tree(const std::string& key, const Context& context) {
  return context.cache.find(kKind, key).has_value();
}

Base stored_tree(const std::string& key, const std::string& what, Context& context,
                 const std::function<Base(const std::string& work, Spool& spool)>& make) {
  if (std::optional<Base> base = find(key, context)) return *std::move(base);
  const pipeline::FileLock lock = context.cache.lock(kKind, key, [&] {
    context.progress.note(fmt::format("{}: waiting for another katabuild that makes it", what));
  });
  if (std::optional<Base> base = find(key, context)) return *std::move(base);
  return pipeline::explain_full_disk(context.cache.root(), [&] {
    remove_unused(context);
    const pipeline::WorkFolder work(context.cache.work_path(kKind, key));
    const std::string result = join_path(work.path(), "result");
    make_directories(result);
    {
      Spool spool(join_path(result, kContents));
      Base base = make(work.path(), spool);
      gather(base.tree, spool);
      write_file(join_path(result, kIndex), tree_to_text(base));
      write_file(join_path(result, kDigest), spool.finish());
    }
    context.cache.replace(result, kKind, key);
    // Its digest is remembered by the path: taken here, the next build does not wait for it
    std::optional<Base> base = load(context.cache.entry_path(kKind, key), context);
    if (!base)
      throw_error(Code::data_loss, "read what was just stored in {}: is the disk in order?",
                  context.cache.entry_path(kKind, key));
    return *std::move(base);
  });
}

}  // namespace kata::rootfs
