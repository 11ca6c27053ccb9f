// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/install/install_root.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"
#include "tests/e2e/install/install_shelf.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

constexpr int kCommandLimit = 120000;  // milliseconds

// Process 1 of the namespace: it reaps what others leave behind.
constexpr const char* kReaper = R"(
import os, time
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.02)
)";

constexpr std::string_view kPrefix = "kata-install-";

/// The name of what this process leaves on the machine while it runs: its folder, its containers'
/// cgroup.
std::string our_name() { return std::string(kPrefix) + std::to_string(::getpid()); }

/// Whether `name` is our_name() of this process or of one that has ended, killed perhaps.
bool is_abandoned(const std::string& name) {
  if (!name.starts_with(kPrefix)) return false;
  const std::string pid = name.substr(kPrefix.size(), name.find('.') - kPrefix.size());
  return pid == std::to_string(::getpid()) || !path_exists("/proc/" + pid);
}

/// In `folder`, where cgroups are.
void remove_abandoned_cgroups(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& ours : fs::directory_iterator(folder, ignored)) {
    if (!is_abandoned(ours.path().filename().string())) continue;
    for (const auto& inner : fs::directory_iterator(ours.path(), ignored)) {
      if (inner.is_directory(ignored)) fs::remove(inner.path(), ignored);
    }
    fs::remove(ours.path(), ignored);
  }
}

/// The folder of a process that was killed; what was mounted there went with its namespaces.
void remove_abandoned_folders() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/var/tmp", ignored)) {
    if (is_abandoned(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

OwnNamespaces::OwnNamespaces(std::string folder) : folder_(std::move(folder)) {
  outside_.emplace_back(open_file("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS);
  outside_.emplace_back(open_file("/proc/self/ns/net", O_RDONLY), CLONE_NEWNET);
  outside_.emplace_back(open_file("/proc/self/ns/pid", O_RDONLY), CLONE_NEWPID);
  sys::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID);
  sys::mount("none", "/", "", MS_REC | MS_PRIVATE);
  sys::bring_loopback_up();
  first_ = spawn({.argv = {"python3", "-c", kReaper}});
}

OwnNamespaces::~OwnNamespaces() {
  first_ = ChildProcess();  // with it, every process of the namespace
  // One hierarchy, or one folder for each.
  remove_abandoned_cgroups("/sys/fs/cgroup");
  std::error_code ignored;
  for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", ignored))
    remove_abandoned_cgroups(hierarchy.path());
  ignore_error(
      [&] {
        sys::unmount_all_below(folder_);
        for (const auto& [fd, type] : outside_) sys::setns(fd.get(), type);
      },
      "the namespaces end with the process");
}

namespace {

/// All that must be there before anything is made.
const std::string& needs() {
  require_root();
  remove_abandoned_folders();
  return install_shelf();
}

}  // namespace

InstallRoot::InstallRoot(const std::string& state, const std::string& release)
    : release_(release),
      shelf_(needs()),
      work_("/var/tmp", our_name() + "."),
      namespaces_(work_.path()) {
  // Mounted at the root itself: virtiofsd changes its root, which takes one that is a mount point.
  make_directories(root());
  sys::mount("install-root", root(), "tmpfs", 0, "size=2g,mode=755");
  for (const char* folder : {"root/etc/yum.repos.d", "root/proc", "root/sys", "root/dev",
                             "root/tmp", "root/run", "www", "home"})
    make_directories(work_.path() + "/" + folder);
  // Where Oracle Linux has it; Debian's rpm would take the user's home.
  write_file(work_.path() + "/home/.rpmmacros", "%_dbpath /var/lib/rpm\n");
  fs::create_directory_symlink(shelf_ + "/base", work_.path() + "/www/base");
  serve(state);
  server_ = std::make_unique<WebServer>(work_.path() + "/www", kInstallPort);
  write_file(path("/etc/yum.repos.d/base.repo"),
             "[base]\nname=base\nbaseurl=" + server_->url() + "/base\ngpgcheck=0\n");
  const CommandResult installed = dnf({"install", "bash", "coreutils-single"});
  if (installed.status != 0)
    throw_error(Code::internal, "install a base system: {}{}", installed.output,
                installed.error_output);
  run_outside({"mount", "-t", "proc", "proc", path("/proc")});
  sys::mount("/sys", path("/sys"), "", MS_BIND | MS_REC);
  sys::mount("/dev", path("/dev"), "", MS_BIND | MS_REC);
}

void InstallRoot::serve(const std::string& state) const {
  const std::string link = work_.path() + "/www/next";
  fs::create_directory_symlink(shelf_ + "/" + state, link);
  fs::rename(link, served());
}

CommandResult InstallRoot::run_outside(const std::vector<std::string>& arguments) const {
  Command command;
  command.argv = arguments;
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + work_.path() + "/home",
                 "LC_ALL=C.UTF-8"};
  // Files, not pipes: a container outlives its `run --detach` and would hold a pipe open.
  const std::string out = work_.path() + "/stdout";
  const std::string err = work_.path() + "/stderr";
  CommandResult result;
  {
    const UniqueFd out_fd = open_file(out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    const UniqueFd err_fd = open_file(err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    command.fds = {{1, out_fd.get()}, {2, err_fd.get()}};
    ChildProcess child = spawn(command);
    struct pollfd wait = {.fd = child.pidfd(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, kCommandLimit) != 1)
      throw_error(Code::deadline_exceeded, "{} still runs; it said: {}{}", printable(command),
                  read_file(out), read_file(err));
    result.status = child.wait();
  }
  result.output = read_file(out);
  result.error_output = read_file(err);
  fs::remove(out);
  fs::remove(err);
  return result;
}

CommandResult InstallRoot::dnf(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {
      "dnf", "--disableplugin=local", "--installroot=" + root(),
      "--setopt=reposdir=" + path("/etc/yum.repos.d"), "--setopt=retries=1", "--setopt=keepcache=0",
      // dnf takes a key's file from where it runs, not from the root
      "--setopt=kata.gpgkey=file://" + path("/etc/pki/rpm-gpg/RPM-GPG-KEY-kata"),
      "--releasever=" + release_.substr(2), "--forcearch=x86_64", "-y"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_outside(argv);
}

CommandResult InstallRoot::rpm(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {"rpm", "--root", root()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_outside(argv);
}

CommandResult InstallRoot::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {"chroot", root()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_outside(argv);
}

std::map<std::string, std::string> InstallRoot::files() const {
  std::map<std::string, std::string> all;
  const std::string top = root();
  for (auto entry = fs::recursive_directory_iterator(top);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().string().substr(top.size());
    if (name == "/proc" || name == "/sys" || name == "/dev" || name == "/var/lib/rpm" ||
        name == "/var/lib/dnf" || name == "/var/cache" || name == "/var/log") {
      entry.disable_recursion_pending();
    } else if (entry->is_symlink()) {
      all[name] = "-> " + fs::read_symlink(entry->path()).string();
    } else if (entry->is_regular_file()) {
      all[name] = entry->file_size() < 65536 ? read_file(entry->path().string())
                                             : std::to_string(entry->file_size()) + " bytes";
    } else if (entry->is_directory()) {
      all[name] = "folder";
    }
  }
  return all;
}

CommandResult InstallRoot::install_release(bool import_key) const {
  if (import_key) {
    const CommandResult imported = rpm({"--import", server_->url() + "/kata/RPM-GPG-KEY-kata"});
    if (imported.status != 0) return imported;
  }
  const std::string folder = "/" + release_ + "/x86_64/Packages/k";
  std::string newest;
  for (const auto& entry : fs::directory_iterator(served() + folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("kata-release-") && name.ends_with(".rpm"))
      newest = std::max(newest, name);
  }
  return dnf({"install", "--setopt=localpkg_gpgcheck=1",
              server_->url() + "/kata" + folder + "/" + newest});
}

void InstallRoot::write_bundle(const std::vector<std::string>& arguments) const {
  const std::string bundle = path("/srv/bundle");
  make_directories(bundle + "/rootfs/bin");
  if (!path_exists(bundle + "/rootfs/bin/busybox")) {
    require_program("busybox");
    fs::copy_file(*find_program("busybox"), bundle + "/rootfs/bin/busybox");
    for (const char* applet : {"cat", "echo", "sh", "sleep", "uname"})
      fs::create_symlink("busybox", bundle + "/rootfs/bin/" + applet);
  }
  fs::remove(bundle + "/config.json");
  const CommandResult made = run({"/usr/bin/kata-runtime", "spec", "--bundle", "/srv/bundle"});
  if (made.status != 0) throw_error(Code::internal, "make a bundle: {}", made.error_output);
  Json config = read_json_file(bundle + "/config.json");
  config["process"]["args"] = arguments;
  config["process"]["terminal"] = false;
  config["linux"]["cgroupsPath"] = "/" + our_name() + "/container";
  write_file(bundle + "/config.json", config.dump(2));
}

}  // namespace kata::test
