// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/content_digests.h"

#include <sys/stat.h>

#include <string_view>
#include <unordered_map>
#include <vector>

#include "builder/pipeline/parallel.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

constexpr std::size_t kSha1Digits = 40;
constexpr std::size_t kSha256Digits = 64;

using Memory = std::unordered_map<std::string, pipeline::FileDigests>;

/// What changes when a file does; empty when the bytes are only a part of it, or a text.
std::string identity_of(const Content& content) {
  if (content.file.empty() || content.offset != 0) return {};
  struct stat status {};
  if (::stat(content.file.c_str(), &status) != 0) return {};
  if (static_cast<std::uint64_t>(status.st_size) != content.size) return {};
  return fmt::format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                     status.st_ctim.tv_nsec);
}

/// Lines of SHA-1, SHA-256 and identity.
Memory read_memory(const std::string& path) {
  Memory memory;
  const std::string text = read_file_if_exists(path).value_or("");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    constexpr std::size_t kIdentity = kSha1Digits + 1 + kSha256Digits + 1;
    if (line.size() > kIdentity) {
      memory[std::string(line.substr(kIdentity))] = {
          std::string(line.substr(0, kSha1Digits)),
          std::string(line.substr(kSha1Digits + 1, kSha256Digits))};
    }
    begin = end + 1;
  }
  return memory;
}

struct Work {
  std::shared_ptr<Content> content;
  std::string path;
  std::string identity;
  pipeline::FileDigests digests{};
};

void take(Work& work) {
  pipeline::FileDigester digester;
  read_content(*work.content, work.path, [&](std::string_view part) { digester.add(part); });
  work.digests = digester.finish();
  // It was written to while it was read, or its clock is too coarse to tell: not to be remembered
  if (identity_of(*work.content) != work.identity) work.identity.clear();
}

}  // namespace

ContentDigests take_digests(const Tree& tree, const std::string& memory,
                            const pipeline::Cache& cache, unsigned jobs) {
  const std::string path = join_path(cache.folder("digests"), "tree-" + memory);
  const Memory known = read_memory(path);
  ContentDigests digests;
  std::vector<Work> missing;
  std::string text;
  const auto keep = [&](const Work& work) {
    digests[work.content.get()] = work.digests;
    work.content->sha256 = work.digests.sha256;
    if (!work.identity.empty())
      text += fmt::format("{} {} {}\n", work.digests.sha1, work.digests.sha256, work.identity);
  };
  for (const auto& [name, node] : tree.nodes()) {
    if (!node.content || digests.contains(node.content.get())) continue;
    Work work{.content = node.content, .path = name, .identity = identity_of(*node.content)};
    const auto found = work.identity.empty() ? known.end() : known.find(work.identity);
    digests[node.content.get()];
    if (found == known.end()) {
      missing.push_back(std::move(work));
      continue;
    }
    work.digests = found->second;
    keep(work);
  }
  pipeline::run_parallel(missing.size(), jobs, [&](std::size_t i) { take(missing[i]); });
  for (const Work& work : missing) keep(work);
  if (!missing.empty()) ignore_error([&] { write_file_atomic(path, text); }, "it only saves time");
  return digests;
}

}  // namespace kata::rootfs
