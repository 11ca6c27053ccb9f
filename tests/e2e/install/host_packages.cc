// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/install/host_packages.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

// By the beginning of a library's name; what is not here goes into one package of its own.
constexpr std::array<std::pair<const char*, const char*>, 38> kLibraryPackages = {{
    {"ld-linux", "glibc"},
    {"libc.so", "glibc"},
    {"libm.so", "glibc"},
    {"libdl.so", "glibc"},
    {"librt.so", "glibc"},
    {"libpthread.so", "glibc"},
    {"libresolv.so", "glibc"},
    {"libgcc_s.so", "libgcc"},
    {"libz.so", "zlib"},
    {"libtinfo.so", "ncurses-libs"},
    {"libselinux.so", "libselinux"},
    {"libpcre2", "pcre2"},
    {"libacl.so", "libacl"},
    {"libattr.so", "libattr"},
    {"libgmp.so", "gmp"},
    {"libcrypto.so", "openssl-libs"},
    {"libglib-2", "glib2"},
    {"libgmodule-2", "glib2"},
    {"libgobject-2", "glib2"},
    {"libgio-2", "glib2"},
    {"libpixman-1", "pixman"},
    {"libpng16", "libpng"},
    {"libjpeg.so", "libjpeg-turbo"},
    {"libgnutls.so", "gnutls"},
    {"libnettle.so", "nettle"},
    {"libhogweed.so", "nettle"},
    {"libseccomp.so", "libseccomp"},
    {"libcap-ng.so", "libcap-ng"},
    {"libnuma.so", "numactl-libs"},
    {"libfdt", "libfdt"},
    {"libslirp.so", "libslirp"},
    {"liburing.so", "liburing"},
    {"libaio.so", "libaio"},
    {"libzstd.so", "libzstd"},
    {"liblzma.so", "xz-libs"},
    {"libfuse3.so", "fuse3-libs"},
    {"libuuid.so", "libuuid"},
    {"libudev.so", "systemd-libs"},
}};
constexpr auto kLimit = std::chrono::minutes(2);
constexpr const char* kOtherLibraries = "host-libraries";

// Of the packages filesystem and systemd; not those that something is mounted on.
constexpr std::array kFolders = {"/etc",
                                 "/etc/pki",
                                 "/etc/pki/rpm-gpg",
                                 "/etc/yum.repos.d",
                                 "/root",
                                 "/run",
                                 "/tmp",
                                 "/usr",
                                 "/usr/bin",
                                 "/usr/lib",
                                 "/usr/lib64",
                                 "/usr/lib/modules-load.d",
                                 "/usr/libexec",
                                 "/usr/sbin",
                                 "/usr/share",
                                 "/usr/share/licenses",
                                 "/usr/share/man",
                                 "/usr/share/man/man8",
                                 "/var",
                                 "/var/lib",
                                 "/var/tmp"};

// All that decides the bytes is in the spec file; automatic dependencies stay on: each library
// provides its name and each program requires the names that it links, as on Oracle Linux.
constexpr const char* kPreamble = R"(
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w1.gzdio
Name: host-files
Version: 9
Release: 1.host
Summary: Files of this host
License: Various
%description
Files of the host that runs the test.
%install
cp -a %{stage}/. %{buildroot}
)";

std::string package_of(const std::string& library) {
  for (const auto& [beginning, package] : kLibraryPackages) {
    if (library.starts_with(beginning)) return package;
  }
  return kOtherLibraries;
}

/// A path with its folder's links followed: /lib/x86_64-linux-gnu/x is /usr/lib/x86_64-linux-gnu/x.
std::string in_usr(const std::string& path) {
  return (fs::canonical(parent_path(path)) / base_name(path)).string();
}

class HostPackages {
 public:
  explicit HostPackages(std::string work) : work_(std::move(work)), stage_(work_ + "/stage") {}

  /// A program with all the libraries that it links, those into packages of their own.
  void add_program(const std::string& package, const std::string& host, const std::string& path) {
    add_file(package, host, path, 0755);
    RealCommandRunner runner;
    std::istringstream lines(run_checked(runner, {.argv = {"ldd", host}}).output);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t begin = line.find('/');
      if (begin == std::string::npos) continue;  // linux-vdso
      add_library(in_usr(line.substr(begin, line.find(' ', begin) - begin)));
    }
  }

  void add_file(const std::string& package, const std::string& host, const std::string& path,
                unsigned mode = 0644) {
    if (!own(package, path)) return;
    fs::copy_file(host, stage_ + path);
    fs::permissions(stage_ + path, static_cast<fs::perms>(mode));
  }

  void add_text(const std::string& package, const std::string& path, const std::string& text) {
    if (own(package, path)) write_file(stage_ + path, text);
  }

  void add_link(const std::string& package, const std::string& path, const std::string& target) {
    if (own(package, path)) fs::create_symlink(target, stage_ + path);
  }

  /// Every file of a folder whose name `wanted` accepts.
  void add_folder(const std::string& package, const std::string& folder,
                  bool (*wanted)(const std::string& name)) {
    files_[package];  // there also when this host has none of it
    if (!fs::is_directory(folder)) return;
    add_directory(package, folder);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string path = entry.path().string();
      if (entry.is_regular_file() && wanted(entry.path().filename().string()))
        add_file(package, fs::canonical(path).string(), path);
    }
  }

  void add_directory(const std::string& package, const std::string& path) {
    make_directories(stage_ + path);
    files_[package].insert("%dir " + path);
  }

  void require(const std::string& package, const std::string& other) {
    requires_[package].insert(other);
    files_[package];
  }

  void build(const std::string& folder) {
    std::string spec = kPreamble;
    for (const auto& [package, paths] : files_) {
      spec += "%package -n " + package + "\nSummary: Files of this host\n";
      // What glibc's own spec file says by hand.
      if (package == "glibc") spec += "Provides: rtld(GNU_HASH)\n";
      for (const std::string& other : requires_[package]) spec += "Requires: " + other + "\n";
      spec += "%description -n " + package + "\nFiles of this host.\n%files -n " + package + "\n";
      for (const std::string& path : paths) spec += path + "\n";
    }
    write_file(work_ + "/host.spec", spec);
    RealCommandRunner runner;
    run_checked(runner,
                {.argv = {"rpmbuild", "--quiet", "-bb", "--define", "_topdir " + work_, "--define",
                          "_rpmdir " + folder, "--define", "_rpmfilename %{NVRA}.rpm", "--define",
                          "stage " + stage_, work_ + "/host.spec"},
                 .timeout = kLimit});
  }

 private:
  void add_library(const std::string& path) {
    const std::string file = fs::canonical(path).string();
    const std::string package = package_of(std::string(base_name(path)));
    // Executable, or rpm does not look for what it provides.
    add_file(package, file, file, 0755);
    if (path != file)
      add_link(package, path, fs::path(file).lexically_relative(parent_path(path)).string());
  }

  bool own(const std::string& package, const std::string& path) {
    if (!owned_.insert(path).second) return false;
    files_[package].insert(path);
    make_directories(stage_ + parent_path(path));
    return true;
  }

  std::string work_;
  std::string stage_;
  std::set<std::string> owned_;
  std::map<std::string, std::set<std::string>> files_;     ///< lines of %files by package
  std::map<std::string, std::set<std::string>> requires_;  ///< by package
};

void add_system(HostPackages& packages) {
  for (const char* folder : kFolders) packages.add_directory("filesystem", folder);
  for (const char* folder : {"bin", "lib", "lib64", "sbin"})
    packages.add_link("filesystem", "/" + std::string(folder), "usr/" + std::string(folder));
  packages.add_text("setup", "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
  packages.add_text("setup", "/etc/group", "root:x:0:\n");
  packages.add_program("bash", "/usr/bin/bash", "/usr/bin/bash");
  packages.add_link("bash", "/usr/bin/sh", "bash");
  for (const char* tool : {"cat", "ls", "mkdir", "rm", "sleep", "stat", "true", "uname"})
    packages.add_program("coreutils-single", "/usr/bin/" + std::string(tool),
                         "/usr/bin/" + std::string(tool));
  for (const char* package : {"bash", "coreutils-single", "glibc", "qemu-kvm-core", "virtiofsd"})
    packages.require(package, "filesystem");
  packages.require("filesystem", "setup");
}

void add_qemu(HostPackages& packages) {
  const std::string qemu = find_program("qemu-system-x86_64").value_or("/usr/libexec/qemu-kvm");
  packages.add_program("qemu-kvm-core", qemu, "/usr/libexec/qemu-kvm");
  // QEMU looks for its data beside its own folder, so where the host's is, there it is found.
  for (const char* folder : {"/usr/share/qemu", "/usr/share/qemu-kvm"}) {
    packages.add_folder("qemu-kvm-core", folder, [](const std::string& name) {
      return name.ends_with(".bin") || name.ends_with(".rom");
    });
  }
  packages.add_folder("qemu-kvm-core", "/usr/lib/x86_64-linux-gnu/qemu",
                      [](const std::string& n) { return n == "accel-tcg-x86_64.so"; });
  packages.add_folder("seabios-bin", "/usr/share/seabios", [](const std::string&) { return true; });
  packages.add_directory("ipxe-roms-qemu", "/usr/lib/ipxe");
  packages.add_folder("ipxe-roms-qemu", "/usr/lib/ipxe/qemu",
                      [](const std::string&) { return true; });
  packages.require("qemu-kvm-core", "seabios-bin");
  packages.require("qemu-kvm-core", "ipxe-roms-qemu");
  // Oracle Linux 7's name of it.
  packages.require("qemu-kvm", "qemu-kvm-core");
  for (const char* path :
       {"/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/bin/virtiofsd"}) {
    if (!path_exists(path)) continue;
    packages.add_program("virtiofsd", path, "/usr/libexec/virtiofsd");
    return;
  }
  throw_error(Code::not_found, "find virtiofsd on this host");
}

}  // namespace

void make_host_repository(const std::string& folder) {
  make_directories(folder);
  const TempDir work("/var/tmp");
  HostPackages packages(work.path());
  add_system(packages);
  add_qemu(packages);
  packages.build(folder);
  RealCommandRunner runner;
  run_checked(runner, {.argv = {"createrepo_c", "--quiet", folder}, .timeout = kLimit});
}

}  // namespace kata::test
