// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/channel_folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/publish.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".katabuild-partial-";
constexpr const char* kSums = "SHA256SUMS";
constexpr std::string_view kSbomSuffix = ".spdx.json";

/// The running number at the end of a snapshot's name; 0 when it is no snapshot.
std::uint64_t number_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  std::uint64_t number = 0;
  if (dot == std::string::npos || dot == 0) return 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + dot + 1, end, number);
  return error == std::errc() && stop == end ? number : 0;
}

void rename_over(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    const int err = errno;
    throw_errno(err, "rename {} to {}", from, to);
  }
}

/// After this a power cut cannot leave the name without the bytes.
void sync_to_disk(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  if (::fsync(fd.get()) != 0) throw_errno(errno, "write {} to the disk", path);
}

void link_over(const std::string& target, const std::string& path) {
  const std::string partial =
      join_path(parent_path(path), std::string(kPartial) + std::string(base_name(path)));
  std::error_code gone;
  fs::remove(partial, gone);
  if (::symlink(target.c_str(), partial.c_str()) != 0)
    throw_errno(errno, "link {} to {}", partial, target);
  rename_over(partial, path);
}

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  if (!path_exists(path)) return names;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && entry.is_directory() && !entry.is_symlink())
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void read_sums(const std::string& folder, PackageSums& sums) {
  const std::string path = join_path(folder, kSums);
  const std::string text = read_file(path, std::size_t{1} << 30);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.size() < 67 || line.substr(64, 2) != "  ")
      throw_error(Code::data_loss, "read {}: a line is damaged: {}", path, line);
    sums.emplace(line.substr(66), line.substr(0, 64));
  }
}

}  // namespace

std::string sbom_path(const std::string& path) { return path + std::string(kSbomSuffix); }

std::vector<std::string> attachments_in(const std::string& snapshot) {
  std::vector<std::string> names;
  const std::string folder = join_path(snapshot, "build");
  if (!path_exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(".asc")) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void replace_file(const std::string& path, std::string_view text) {
  if (read_file_if_exists(path) == text) return;
  const std::string partial =
      join_path(parent_path(path), std::string(kPartial) + std::string(base_name(path)));
  write_file(partial, text);
  sync_to_disk(partial);
  rename_over(partial, path);
}

ChannelFolder::ChannelFolder(const std::string& root, std::string release, std::string architecture)
    : path_(join_path(root, release + "/" + architecture)),
      release_(std::move(release)),
      architecture_(std::move(architecture)) {}

std::optional<std::string> ChannelFolder::latest() const {
  const std::string link = join_path(path_, "latest");
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error) {
    if (!fs::exists(fs::symlink_status(link))) return std::nullopt;
    throw_error(Code::failed_precondition,
                "read {}: it is no link as katabuild makes it: publish into another folder", link);
  }
  return join_path(path_, target.string());
}

std::vector<std::string> ChannelFolder::snapshots() const {
  std::vector<std::string> names = folders_in(join_path(path_, "snapshots"));
  std::erase_if(names, [](const std::string& name) { return number_of(name) == 0; });
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return number_of(a) < number_of(b); });
  for (std::string& name : names) name = join_path(path_, "snapshots/" + name);
  return names;
}

std::vector<std::string> ChannelFolder::frozen_names() const {
  return folders_in(join_path(path_, "frozen"));
}

std::string ChannelFolder::frozen_path(const std::string& name) const {
  return join_path(path_, "frozen/" + name);
}

PackageSums ChannelFolder::all_sums() const {
  PackageSums sums;
  for (const std::string& folder : snapshots()) read_sums(folder, sums);
  for (const std::string& name : frozen_names()) read_sums(frozen_path(name), sums);
  return sums;
}

void ChannelFolder::remove_leftovers() const {
  for (const char* part : {"", "snapshots", "frozen"}) {
    const std::string folder = join_path(path_, part);
    if (!path_exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with(kPartial)) fs::remove_all(entry.path());
    }
  }
}

void ChannelFolder::add_sbom(const std::string& from, const std::string& to) const {
  const std::string partial = join_path(path_, std::string(kPartial) + "sbom");
  pipeline::copy_file(from, partial, 0644);
  sync_to_disk(partial);
  rename_over(partial, to);
}

void ChannelFolder::add_package(const std::string& from, const std::string& location,
                                const std::string& sha256, std::int64_t mtime) const {
  const std::string to = join_path(path_, location);
  make_directories(parent_path(to));
  const std::string partial = join_path(path_, std::string(kPartial) + "package");
  pipeline::copy_file(from, partial, 0644);
  if (pipeline::sha256_of_file(partial) != sha256) {
    ::unlink(partial.c_str());
    throw_error(Code::aborted, "copy package {}: it changed meanwhile: publish again", from);
  }
  // createrepo_c and rsync go by the time, so it is the same wherever the repository is made
  const struct timespec times[2] = {{.tv_sec = mtime, .tv_nsec = 0},
                                    {.tv_sec = mtime, .tv_nsec = 0}};
  if (::utimensat(AT_FDCWD, partial.c_str(), times, 0) != 0)
    throw_errno(errno, "set the time of {}", partial);
  sync_to_disk(partial);
  if (const std::string sbom = sbom_path(from); path_exists(sbom)) add_sbom(sbom, sbom_path(to));
  rename_over(partial, to);
}

std::string ChannelFolder::add_snapshot(
    const std::vector<std::pair<std::string, std::string>>& files, std::int64_t timestamp) const {
  const std::string parent = join_path(path_, "snapshots");
  make_directories(join_path(path_, "Packages"));
  make_directories(parent);
  const std::vector<std::string> present = snapshots();
  const std::uint64_t number =
      present.empty() ? 1 : number_of(std::string(base_name(present.back()))) + 1;
  const std::string name =
      fmt::format("{:%Y%m%dT%H%M%SZ}.{}", fmt::gmtime(static_cast<std::time_t>(timestamp)), number);
  const std::string partial = join_path(parent, std::string(kPartial) + name);
  for (const auto& [file, bytes] : files) {
    const std::string path = join_path(partial, file);
    make_directories(parent_path(path));
    write_file(path, bytes);
    sync_to_disk(path);
  }
  if (::symlink("../../Packages", join_path(partial, "Packages").c_str()) != 0)
    throw_errno(errno, "link {}/Packages", partial);
  sync_to_disk(partial);
  const std::string folder = join_path(parent, name);
  rename_over(partial, folder);
  return folder;
}

void ChannelFolder::switch_to(const std::string& folder, const std::string& base_url) const {
  const std::string target = "snapshots/" + std::string(base_name(folder));
  std::error_code error;
  if (fs::read_symlink(join_path(path_, "latest"), error).string() != target || error)
    link_over(target, join_path(path_, "latest"));
  if (fs::read_symlink(join_path(path_, "repodata"), error).string() != "latest/repodata" || error)
    link_over("latest/repodata", join_path(path_, "repodata"));
  replace_file(join_path(path_, "mirrorlist"), base_url + "/" + name() + "/" + target + "/\n");
}

void ChannelFolder::freeze(const std::string& folder, const std::string& name) const {
  const std::string to = frozen_path(name);
  if (path_exists(to)) return;
  const std::string partial = join_path(path_, "frozen/" + std::string(kPartial) + name);
  make_directories(parent_path(to));
  fs::remove_all(partial);
  fs::copy(folder, partial, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  rename_over(partial, to);
}

void ChannelFolder::remove_old(std::uint64_t keep) const {
  const std::vector<std::string> folders = snapshots();
  const std::optional<std::string> current = latest();
  if (folders.size() <= keep) return;  // then nothing has lost its last name
  for (std::size_t i = 0; i + keep < folders.size(); ++i) {
    if (folders[i] == current) continue;
    // renamed first: a reader sees the whole snapshot or none
    const std::string going =
        join_path(path_, "snapshots/" + std::string(kPartial) + std::string(base_name(folders[i])));
    rename_over(folders[i], going);
    fs::remove_all(going);
  }
  const PackageSums sums = all_sums();
  for (const std::string& letter : folders_in(join_path(path_, "Packages"))) {
    const std::string folder = join_path(path_, "Packages/" + letter);
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::string location = "Packages/" + letter + "/" + entry.path().filename().string();
      if (location.ends_with(kSbomSuffix)) location.resize(location.size() - kSbomSuffix.size());
      if (!sums.contains(location)) fs::remove_all(entry.path());
    }
    std::error_code not_empty;
    fs::remove(folder, not_empty);
  }
}

}  // namespace kata::repo
