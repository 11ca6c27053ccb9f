// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/package_shelf.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/integration/builder/made_once.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

// Raise it when what is on the shelf changes.
constexpr const char* kEdition = "edition-5";

constexpr const char* kSpec = R"spec(
Name: demo
Version: %{demo_version}
Release: 1.el9
Summary: Says <hello> & goodbye
License: Apache-2.0
URL: https://example.com/demo
BuildArch: noarch
%description
A package for tests.
%package -n demo-lib
Summary: What demo needs
%description -n demo-lib
Another.
%package -n kata-release-el9
Summary: The repository
%description -n kata-release-el9
A third.
%install
mkdir -p %{buildroot}/usr/share/demo
echo "%{demo_text}" > %{buildroot}/usr/share/demo/text
echo lib > %{buildroot}/usr/share/demo/lib
%files
/usr/share/demo/text
%files -n demo-lib
/usr/share/demo/lib
%files -n kata-release-el9
%changelog
* Tue Jan 06 2026 Jane Doe <jane@example.com> - 1.0-1
- Fix <everything> & more
* Mon Jan 05 2026 Jane Doe <jane@example.com> - 0.9-1
- Begin
)spec";

constexpr const char* kArchSpec = R"spec(
Name: demo-arch
Version: 1.0
Release: 1.el9
Summary: For one architecture
License: Apache-2.0
%description
Nothing.
%files
)spec";

/// Its own shell, and a step that takes its time after the installation.
constexpr const char* kSlowSpec = R"spec(
%global __os_install_post %{nil}
%global debug_package %{nil}
Name: demo-slow
Version: 1.0
Release: 1.el9
Summary: Takes its time
License: Apache-2.0
AutoReqProv: no
%description
Nothing.
%install
mkdir -p %{buildroot}/bin
cp /bin/busybox %{buildroot}/bin/busybox
ln -s busybox %{buildroot}/bin/sh
ln -s busybox %{buildroot}/bin/sleep
%post
/bin/sleep 3
%files
/bin/busybox
/bin/sh
/bin/sleep
)spec";

class Builder {
 public:
  explicit Builder(std::string folder) : folder_(std::move(folder)) {}

  void build() {
    write_file(path("demo.spec"), kSpec);
    write_file(path("arch.spec"), kArchSpec);
    for (const char* version : {"1.0", "1.1", "1.2"}) rpmbuild("unsigned", version, "hello");
    rpmbuild("other-bytes", "1.0", "goodbye");
    write_file(path("slow.spec"), kSlowSpec);
    rpmbuild_for("aarch64", "unsigned", "arch.spec");
    rpmbuild_for("x86_64", "slow-unsigned", "slow.spec");
    fs::copy(path("work/SRPMS/demo-1.0-1.el9.src.rpm"), path("unsigned"));
    make_key("main", "");
    make_key("stranger", "");
    make_key("locked", "open sesame");
    make_key("expired", "");
    gpg("expired", {"--quick-set-expire", fingerprint("expired"), "seconds=1"});
    export_secret("expired", "");
    sign("main", "unsigned", "main");
    sign("main", "slow-unsigned", "slow");
    fs::remove_all(path("slow-unsigned"));
    sign("stranger", "unsigned", "stranger");
    fs::copy(path("other-bytes"), path("unsigned-other-bytes"));
    fs::remove_all(path("other-bytes"));
    sign("main", "unsigned-other-bytes", "other-bytes");
    gpg("main", {"--quick-set-expire", fingerprint("main"), "seconds=1"});
    write_file(path("main-expired.asc"), gpg("main", {"--armor", "--export"}).output);
    // The shortest time that gpg gives a key is a second; whoever takes one from here finds it
    // over.
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string home(const std::string& name) const {
    return homes_.path() + "/" + name;
  }

  CommandResult run(const std::vector<std::string>& argv, const std::string& gnupg_home = "",
                    const std::string& input = "") {
    Command command;
    command.argv = argv;
    command.input = input;
    command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SOURCE_DATE_EPOCH=1767571200",
                   "GNUPGHOME=" + gnupg_home, "HOME=" + homes_.path(), "LC_ALL=C.UTF-8"};
    return run_checked(runner_, command);
  }

  void rpmbuild(const std::string& to, const std::string& version, const std::string& text) {
    run({"rpmbuild", "-ba", "--define", "_topdir " + path("work"), "--define",
         "_rpmdir " + path(to), "--define", "_rpmfilename %{NVRA}.rpm", "--define",
         "demo_version " + version, "--define", "demo_text " + text, "--define",
         "use_source_date_epoch_as_buildtime 1", "--define", "_buildhost localhost",
         path("demo.spec")});
  }

  void rpmbuild_for(const std::string& arch, const std::string& to, const std::string& spec) {
    run({"rpmbuild", "-bb", "--target", arch, "--define", "_topdir " + path("work"), "--define",
         "_rpmdir " + path(to), "--define", "_rpmfilename %{NVRA}.rpm", path(spec)});
  }

  CommandResult gpg(const std::string& name, const std::vector<std::string>& arguments,
                    const std::string& passphrase = "") {
    std::vector<std::string> argv = {"gpg",      "--batch",         "--quiet", "--pinentry-mode",
                                     "loopback", "--passphrase-fd", "0"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(argv, home(name), passphrase + "\n");
  }

  std::string fingerprint(const std::string& name) {
    const std::string list = gpg(name, {"--with-colons", "--list-keys"}).output;
    const std::size_t at = list.find("\nfpr:::::::::");
    return list.substr(at + 13, 40);
  }

  void export_secret(const std::string& name, const std::string& passphrase) {
    write_file(path(name + ".key"),
               gpg(name, {"--armor", "--export-secret-keys"}, passphrase).output, 0600);
  }

  void make_key(const std::string& name, const std::string& passphrase) {
    make_directories(home(name), 0700);
    gpg(name,
        {"--quick-generate-key", name + " <" + name + "@example.com>", "rsa2048", "sign", "0"},
        passphrase);
    export_secret(name, passphrase);
    write_file(path(name + ".asc"), gpg(name, {"--armor", "--export"}).output);
  }

  void sign(const std::string& key, const std::string& from, const std::string& to) {
    fs::copy(path(from), path(to));
    std::vector<std::string> argv = {
        "rpmsign", "--addsign", "--define", "__gpg /usr/bin/gpg", "--define", "_gpg_name " + key};
    for (const auto& entry : fs::directory_iterator(path(to))) argv.push_back(entry.path());
    run(argv, home(key));
  }

  std::string folder_;
  TempDir homes_;  ///< short, for the agents' sockets
  RealCommandRunner runner_;
};

}  // namespace

const std::string& package_shelf() {
  static const std::string folder = made_once(
      KATA_PACKAGE_SHELF, kEdition, [](const std::string& work) { Builder(work).build(); });
  return folder;
}

}  // namespace kata::test
