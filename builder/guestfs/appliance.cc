// SPDX-License-Identifier: Apache-2.0
#include "builder/guestfs/appliance.h"

#include <guestfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "builder/guestfs/socket_folder.h"
#include "builder/guestfs/watchdog.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::guestfs {
namespace {

constexpr std::size_t kConsoleKept = 4000;
constexpr auto kLimit = std::chrono::minutes(10);

}  // namespace

struct Appliance::State {
  State() : handle(guestfs_create()) {
    if (handle == nullptr)
      throw_error(Code::resource_exhausted, "start libguestfs: no memory for it");
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (handle != nullptr) guestfs_close(handle);
  }

  guestfs_h* handle;
  std::string disk;
  std::string console;  // its end
  Watchdog watchdog{kLimit};
};

namespace {

void keep_console(guestfs_h*, void* opaque, std::uint64_t, int, int, const char* text,
                  std::size_t size, const std::uint64_t*, std::size_t) {
  std::string& console = static_cast<Appliance::State*>(opaque)->console;
  console.append(text, size);
  if (console.size() > 2 * kConsoleKept) console.erase(0, console.size() - kConsoleKept);
}

}  // namespace

void Appliance::fail(std::string_view what) {
  pipeline::throw_if_interrupted();
  const char* text = guestfs_last_error(state_->handle);
  const int err = guestfs_last_errno(state_->handle);
  std::string reason = text != nullptr ? text : "no details";
  if (state_->watchdog.expired())
    reason = fmt::format("no end after {} minutes, ended", kLimit.count());
  const std::string& console = state_->console;
  const std::string tail =
      console.empty() ? ""
                      : "; its console ends:\n" +
                            console.substr(console.size() > 1500 ? console.size() - 1500 : 0);
  throw Error(
      err > 0 ? code_from_errno(err) : Code::internal,
      fmt::format("{} in libguestfs' appliance ({}): {}{}", what, state_->disk, reason, tail),
      err > 0 ? err : 0);
}

template <typename Result>
Result Appliance::checked(Result result, std::string_view what) {
  if constexpr (std::is_pointer_v<Result>) {
    if (result == nullptr) fail(what);
  } else {
    if (result < 0) fail(what);
  }
  state_->console.clear();  // what it says next is about something else
  return result;
}

Appliance::Appliance(const std::string& disk, const ApplianceOptions& options)
    : state_(std::make_unique<State>()) {
  guestfs_h* handle = state_->handle;
  state_->disk = disk;
  guestfs_set_error_handler(handle, nullptr, nullptr);
  guestfs_set_event_callback(handle, keep_console, GUESTFS_EVENT_APPLIANCE, 0, state_.get());
  checked(guestfs_set_backend(handle, "direct"), "choose the backend");
  std::string force = "force_tcg";
  char* settings[] = {options.use_kvm ? nullptr : force.data(), nullptr};
  checked(guestfs_set_backend_settings(handle, settings), "choose how it runs");
  checked(guestfs_set_memsize(handle, static_cast<int>(options.memory_mib)), "set its memory");
  checked(guestfs_set_tmpdir(handle, options.temp.c_str()), "set its folder");
  checked(guestfs_set_cachedir(handle, options.cache.c_str()), "set its folder");
  std::string sockets = "XDG_RUNTIME_DIR=" + socket_parent(options.temp);
  char* environment[] = {sockets.data(), nullptr};
  checked(guestfs_parse_environment_list(handle, environment), "set its folder");
  remove_stale_sockets();
  checked(guestfs_set_autosync(handle, 0), "prepare it");
  if (!options.folder.empty()) {
    checked(guestfs_set_path(handle, options.folder.c_str()), "choose the kernel");
    checked(guestfs_set_append(handle, options.kernel_parameters.c_str()), "set parameters");
  }
  checked(guestfs_add_drive_opts(handle, disk.c_str(), GUESTFS_ADD_DRIVE_OPTS_FORMAT, "raw",
                                 GUESTFS_ADD_DRIVE_OPTS_READONLY, 1, -1),
          "add the image");
  checked(guestfs_launch(handle), "start");
}

Appliance::~Appliance() = default;

std::string Appliance::file_system_of(const std::string& device) {
  char* type = checked(guestfs_vfs_type(state_->handle, device.c_str()), "look at " + device);
  std::string result = type;
  std::free(type);
  return result;
}

void Appliance::mount(const std::string& device) {
  checked(guestfs_mount_ro(state_->handle, device.c_str(), "/"), "mount " + device);
}

std::vector<std::string> Appliance::find(const std::string& temp) {
  const std::string list = join_path(temp, "appliance-files");
  checked(guestfs_find0(state_->handle, "/", list.c_str()), "list the files");
  const std::string text = read_file(list, std::size_t{1} << 31);
  std::filesystem::remove(list);
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    if (end > begin) result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

void Appliance::close() {
  checked(guestfs_umount_all(state_->handle), "unmount");
  checked(guestfs_shutdown(state_->handle), "end");
}

std::vector<std::string> appliance_sources() {
  std::vector<std::string> folders;
  const std::unique_ptr<guestfs_h, void (*)(guestfs_h*)> handle(guestfs_create(), guestfs_close);
  if (!handle) return folders;
  const char* path = guestfs_get_path(handle.get());
  if (path == nullptr) return folders;
  const std::string text = path;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    if (end > begin) folders.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

}  // namespace kata::guestfs
