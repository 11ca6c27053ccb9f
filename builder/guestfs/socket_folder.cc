// SPDX-License-Identifier: Apache-2.0
#include "builder/guestfs/socket_folder.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::guestfs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSocketPrefix = "libguestfs";
constexpr std::string_view kLongestSocket = "/libguestfsXXXXXX/guestfsd.sock";
constexpr std::time_t kFresh = 60;

bool is_stale(const std::string& folder, const std::string& open_sockets) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || std::time(nullptr) - status.st_mtime < kFresh ||
      open_sockets.find(" " + folder + "/") != std::string::npos)
    return false;
  std::size_t sockets = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_socket()) return false;
    ++sockets;
  }
  return sockets > 0;
}

}  // namespace

std::string socket_parent(const std::string& work) {
  return work.size() + kLongestSocket.size() < sizeof(sockaddr_un::sun_path) ? work : "/tmp";
}

void remove_stale_sockets(const std::string& parent) noexcept {
  ignore_error(
      [&] {
        const std::string open_sockets = read_file("/proc/net/unix", 64U << 20);
        std::vector<std::string> stale;
        for (const auto& entry : fs::directory_iterator(parent)) {
          const std::string folder = entry.path().string();
          if (entry.path().filename().string().starts_with(kSocketPrefix) &&
              is_stale(folder, open_sockets))
            stale.push_back(folder);
        }
        for (const std::string& folder : stale) fs::remove_all(folder);
      },
      "a few folders more in /tmp keep nothing from working");
}

}  // namespace kata::guestfs
