// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/container_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/base/remove_tree.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

std::string record_json(const ContainerRecord& record) {
  const Json json = {
      {"ociVersion", oci::kSpecVersion},
      {"id", record.id},
      {"bundle", record.bundle},
      {"rootfs", record.rootfs},
      {"annotations", record.annotations},
      {"created", record.created},
      {"owner", record.owner},
      {"pid", record.relay.pid},
      {"pid_start_time", record.relay.start_time},
      {"shim_pid", record.shim.pid},
      {"shim_start_time", record.shim.start_time},
      {"sandbox_id", record.sandbox_id},
      {"sandbox_dir", record.sandbox_dir},
      {"cgroups_path", record.cgroups_path},
      {"sandbox_cgroups_path", record.sandbox_cgroups_path},
      {"terminal", record.terminal},
      {"complete", record.complete},
  };
  return json.dump(2) + "\n";
}

ContainerRecord record_from_json(const Json& json) {
  ContainerRecord record;
  json.at("id").get_to(record.id);
  json.at("bundle").get_to(record.bundle);
  json.at("rootfs").get_to(record.rootfs);
  json.at("annotations").get_to(record.annotations);
  json.at("created").get_to(record.created);
  json.at("owner").get_to(record.owner);
  json.at("pid").get_to(record.relay.pid);
  json.at("pid_start_time").get_to(record.relay.start_time);
  json.at("shim_pid").get_to(record.shim.pid);
  json.at("shim_start_time").get_to(record.shim.start_time);
  json.at("sandbox_id").get_to(record.sandbox_id);
  json.at("sandbox_dir").get_to(record.sandbox_dir);
  json.at("cgroups_path").get_to(record.cgroups_path);
  // Not there in what version 0.1.0 wrote.
  record.sandbox_cgroups_path = json.value("sandbox_cgroups_path", record.cgroups_path);
  json.at("terminal").get_to(record.terminal);
  json.at("complete").get_to(record.complete);
  return record;
}

}  // namespace

ContainerStore::ContainerStore(const std::string& root) : root_(root) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(root, error);
  const std::filesystem::path real = std::filesystem::weakly_canonical(absolute, error);
  if (!error) root_ = join_path(real.string(), "");
}

std::string ContainerStore::folder(const std::string& id) const {
  check_container_id(id);
  return join_path(root_, id);
}

void ContainerStore::reserve(const std::string& id) const {
  const std::string path = folder(id);
  make_directories(root_, 0711);
  if (::mkdir(path.c_str(), 0700) == 0) return;
  const int err = errno;
  if (err == EEXIST) throw_error(Code::already_exists, "container with id exists: {}", id);
  throw_errno(err, "make {}", path);
}

void ContainerStore::save(const ContainerRecord& record) const {
  write_file_atomic(join_path(folder(record.id), "state.json"), record_json(record), 0600);
}

std::optional<ContainerRecord> ContainerStore::find(const std::string& id) const {
  const std::string path = join_path(folder(id), "state.json");
  const std::optional<std::string> text = read_file_if_exists(path);
  if (!text) return std::nullopt;
  const Json json = parse_json(*text, path);
  try {
    return record_from_json(json);
  } catch (const Json::exception& error) {
    throw_error(Code::data_loss, "{}: {}; `kata-runtime delete --force {}` removes the container",
                path, error.what(), id);
  }
}

ContainerRecord ContainerStore::get(const std::string& id) const {
  std::optional<ContainerRecord> record = find(id);
  if (!record) throw_error(Code::not_found, "container \"{}\" does not exist", id);
  return *std::move(record);
}

bool ContainerStore::is_reserved(const std::string& id) const { return path_exists(folder(id)); }

std::vector<std::string> ContainerStore::ids() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) found.push_back(entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void ContainerStore::remove(const std::string& id) const { remove_tree(folder(id)); }

std::string timestamp_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:09}Z", text, now.tv_nsec);
}

}  // namespace kata::cli
