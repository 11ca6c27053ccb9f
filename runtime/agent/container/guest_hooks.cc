// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/guest_hooks.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "oci.pb.h"
#include "runtime/agent/container_init/hooks.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxHooks = 256;  // of one kind
constexpr mode_t kExecutable = S_IXUSR | S_IXGRP | S_IXOTH;

std::vector<std::string> programs_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    struct stat info {};
    const bool is_program = ::lstat(entry.path().c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
                            (info.st_mode & kExecutable) != 0;
    if (is_program && names.size() < kMaxHooks) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void add(google::protobuf::RepeatedPtrField<grpc::Hook>& list, const std::string& folder,
         const char* kind) {
  const std::string place = join_path(folder, kind);
  for (const std::string& name : programs_in(place)) {
    grpc::Hook& hook = *list.Add();
    hook.set_path(join_path(place, name));
    hook.add_args(name);
    hook.add_args(kind);
  }
}

}  // namespace

std::string guest_hook_folder(const std::string& path) {
  if (path.empty()) return {};
  std::error_code failed;
  if (path.starts_with('/') && std::filesystem::is_directory(path, failed)) return clean_path(path);
  log::warn("guest_hook_path is no folder of this image, no hooks are run path={}",
            path.substr(0, 256));
  return {};
}

void add_guest_hooks(grpc::Hooks& hooks, const std::string& folder) {
  add(*hooks.mutable_prestart(), folder, "prestart");
  add(*hooks.mutable_poststart(), folder, "poststart");
  add(*hooks.mutable_poststop(), folder, "poststop");
}

}  // namespace kata::agent
