// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/content.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

using archive::EntryKind;

constexpr std::size_t kMaxCaptured = 20000;
constexpr std::uint64_t kMaxCapture = 512U << 20;
constexpr std::array<std::string_view, 11> kTelling = {"etc/os-release",
                                                       "usr/lib/os-release",
                                                       "init",
                                                       "sbin/init",
                                                       "usr/sbin/init",
                                                       "usr/bin/kata-agent",
                                                       "var/lib/dpkg/status",
                                                       "var/lib/rpm/rpmdb.sqlite",
                                                       "var/lib/rpm/Packages",
                                                       "var/lib/rpm/Packages.db",
                                                       "usr/lib/sysimage/rpm/rpmdb.sqlite"};
constexpr std::string_view kDpkgInfo = "var/lib/dpkg/info/";
constexpr std::string_view kDpkgParts = "var/lib/dpkg/status.d/";

}  // namespace

bool is_telling(std::string_view path) {
  if (std::find(kTelling.begin(), kTelling.end(), path) != kTelling.end()) return true;
  return (path.starts_with(kDpkgInfo) && path.ends_with(".list")) || path.starts_with(kDpkgParts);
}

std::optional<std::string> resolve(const Content& content, std::string_view path) {
  std::string rest = clean_path(join_path("/", path)).substr(1);
  std::string done;
  for (int links = 0; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    const std::string next = done.empty() ? part : done + "/" + part;
    const auto found = content.entries.find(next);
    if (found == content.entries.end() || found->second.entry.kind != EntryKind::symlink) {
      done = next;
      continue;
    }
    if (++links > 40) return std::nullopt;  // as path_resolution(7)
    const std::string& target = found->second.entry.target;
    const std::string from = target.starts_with('/') ? "/" : "/" + done;
    rest = clean_path(join_path(join_path(from, target), rest)).substr(1);
    done.clear();
  }
  return done;
}

ContentBuilder::ContentBuilder(std::string name, std::string work, ContentLimits limits)
    : name_(std::move(name)), work_(std::move(work)), limits_(limits) {}
ContentBuilder::~ContentBuilder() = default;

ImageEntry& ContentBuilder::put(const archive::Entry& entry) {
  std::string path = clean_path("/" + entry.path).substr(1);
  if (("/" + entry.path + "/").find("/../") != std::string::npos) ++content_.climbing;
  current_ = path;
  if (content_.entries.size() >= limits_.entries && !content_.entries.contains(path)) {
    throw_error(Code::resource_exhausted, "read {}: it holds more than {} entries", name_,
                limits_.entries);
  }
  content_.captured.erase(path);
  ImageEntry& place = content_.entries[path];
  place = {};
  place.entry = entry;
  place.entry.path = std::move(path);
  return place;
}

void ContentBuilder::begin(const archive::Entry& entry, const std::string& identity) {
  size_ = 0;
  digester_.reset();
  ImageEntry& place = put(entry);
  if (current_.empty()) {  // the root itself
    content_.entries.erase(current_);
    return;
  }
  if (entry.kind != EntryKind::file) return;
  std::size_t index = content_.bytes.size();
  if (!identity.empty()) index = identities_.emplace(identity, index).first->second;
  const bool is_known = index < content_.bytes.size();
  if (!is_known) content_.bytes.emplace_back();
  place.bytes = index;
  if (entry.size == 0 && is_known) return;  // newc: another name brings the bytes
  digester_ = std::make_unique<pipeline::FileDigester>();
  if (!is_telling(current_) || content_.captured.size() >= kMaxCaptured) return;
  const std::string file = join_path(work_, std::to_string(content_.captured.size()) + "-" +
                                                std::to_string(content_.bytes.size()));
  capture_ = open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  content_.captured[current_] = file;
}

void ContentBuilder::begin_link(const archive::Entry& entry) {
  digester_.reset();
  const std::string target = clean_path("/" + entry.target).substr(1);
  const auto found = content_.entries.find(target);
  if (found == content_.entries.end() || !found->second.bytes) {
    throw_error(Code::data_loss, "read {}: /{} is a hard link to /{}, which is no file of it",
                name_, foreign_line(entry.path, 200), foreign_line(target, 200));
  }
  const std::size_t bytes = *found->second.bytes;
  ImageEntry& place = put(entry);
  place.entry.kind = EntryKind::file;
  place.entry.size = content_.bytes[bytes].size;
  place.bytes = bytes;
}

void ContentBuilder::add(std::string_view part) {
  size_ += part.size();
  if (digester_) digester_->add(part);
  if (!capture_) return;
  if (size_ > kMaxCapture) {
    capture_.reset();
    content_.captured.erase(current_);
  } else {
    write_all(capture_.get(), part);
  }
}

void ContentBuilder::end() {
  capture_.reset();
  if (!digester_) return;
  const auto found = content_.entries.find(current_);
  const pipeline::FileDigests digests = digester_->finish();
  content_.bytes[*found->second.bytes] = {size_, digests.sha1, digests.sha256};
  digester_.reset();
}

void ContentBuilder::count(std::uint64_t bytes) {
  content_.unpacked_size += bytes;
  if (content_.unpacked_size > limits_.size) {
    throw_error(Code::resource_exhausted, "read {}: it unpacks to more than {} GiB", name_,
                limits_.size >> 30);
  }
}

Content ContentBuilder::finish() {
  std::vector<bool> seen(content_.bytes.size());
  for (auto& [path, entry] : content_.entries) {
    if (!entry.bytes) continue;
    entry.entry.size = content_.bytes[*entry.bytes].size;
    entry.is_first_name = !seen[*entry.bytes];
    seen[*entry.bytes] = true;
  }
  return std::move(content_);
}

}  // namespace kata::inspect
