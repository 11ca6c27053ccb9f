// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/install/install_shelf.h"

#include <filesystem>
#include <vector>

#include "builder/pipeline/digest.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/e2e/install/host_packages.h"
#include "tests/integration/builder/made_once.h"
#include "tests/integration/builder/package_shelf.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

// Raise it when what is on the shelf changes.
constexpr const char* kEdition = "edition-6";

const std::vector<std::string> kPrograms = {KATA_RUNTIME, KATA_SHIM, KATA_AGENT};
const std::vector<std::string> kPackages = {"kata-runtime", "kata-image", "kata-kernel",
                                            "kata-release"};
constexpr const char* kKernel = KATA_GUEST "/kernel-manifest.json";
constexpr const char* kImage = KATA_GUEST "/kata-containers-initrd.img";

/// A digest of all that decides what is in the packages. The whole source is in the source packages
/// too, but nobody here installs those.
std::string inputs_digest() {
  std::string text = kEdition;
  std::vector<std::string> files = kPrograms;
  files.insert(files.end(),
               {KATABUILD, kKernel, kImage, KATA_SOURCE "/runtime/config/configuration.toml.in"});
  for (const char* folder : {KATA_SOURCE "/rpm", KATA_SOURCE "/yum-repo"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
  }
  for (const std::string& file : files) text += "\n" + pipeline::sha256_of_file(file);
  return pipeline::sha256_of_text(text).substr(0, 16);
}

class Builder {
 public:
  explicit Builder(std::string folder) : folder_(std::move(folder)) {}

  void build() {
    const std::string& keys = package_shelf();
    write_file(path("main.key"), read_file(keys + "/main.key"), 0600);
    fs::copy_file(keys + "/main.asc", path("RPM-GPG-KEY-kata"));
    fs::copy_file(keys + "/stranger.asc", path("stranger.asc"));
    make_host_repository(path("base"));

    make_templates();
    make_previous();
    package("version: 0.0.9\nrelease: 1\n", {"el9"}, path("before/source"), path("before/programs"),
            path("before/initrd.img"));
    publish();
    fs::copy(path("current"), path("previous"),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                 fs::copy_options::create_hard_links);
    package("release: 2\n", {"el7", "el9"}, KATA_SOURCE, path("programs"), kImage);
    publish();
    for (const char* name : {"before", "programs", "packages", "templates", "cache", "main.key"})
      fs::remove_all(path(name));
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  void katabuild(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), KATABUILD);
    arguments.insert(arguments.end(), {"--cache", path("cache"), "--progress", "plain"});
    Command command;
    command.argv = std::move(arguments);
    command.cwd = KATA_SOURCE;  // its templates are below the working folder
    command.timeout = std::chrono::minutes(5);
    run_checked(runner_, command);
  }

  /// The templates as they are, but packed at the lowest level: that takes seconds where the
  /// released packages take minutes.
  void make_templates() {
    fs::copy(KATA_SOURCE "/rpm", path("templates"), fs::copy_options::recursive);
    write_file(path("templates/preamble.in"),
               read_file(path("templates/preamble.in")) +
                   "%global _binary_payload %{lua: "
                   "print((rpm.expand('%{_binary_payload}'):gsub('%d+', '1', 1)))}\n");
  }

  /// Programs, image and defaults as an earlier version might have had them: they run like today's,
  /// but every byte that is installed can be told from today's.
  void make_previous() {
    make_directories(path("programs"));
    make_directories(path("before/programs"));
    make_directories(path("before/source/runtime"));
    make_directories(path("before/source/docs"));
    for (const std::string& program : kPrograms) {
      const std::string name(base_name(program));
      fs::copy_file(program, path("programs/" + name));
      write_file(path("before/programs/" + name), read_file(program) + "previous\n", 0755);
    }
    for (const char* name : {"runtime/config", "docs/man", "kernel", "rootfs"})
      fs::copy(KATA_SOURCE "/" + std::string(name), path("before/source/" + std::string(name)),
               fs::copy_options::recursive);
    for (const char* name : {"LICENSE", "CHANGELOG.md", "CMakeLists.txt"})
      fs::copy_file(KATA_SOURCE "/" + std::string(name),
                    path("before/source/" + std::string(name)));
    const std::string defaults = path("before/source/runtime/config/configuration.toml.in");
    write_file(defaults, read_file(defaults) + "# The defaults of 0.0.9 end here.\n");
    katabuild({"image", "--agent", path("before/programs/kata-agent"), "--output",
               path("before/initrd.img")});
  }

  void package(const std::string& recipe, const std::vector<std::string>& releases,
               const std::string& source, const std::string& programs, const std::string& image) {
    std::string text = read_file(KATA_SOURCE "/rpm/recipes/default.yaml");
    const std::string example = "https://example.com/kata/RELEASE";
    text.replace(text.find(example), example.size(), base_url() + "/RELEASE");
    write_file(path("packages.yaml"), text + "templates: templates\n" + recipe);
    std::vector<std::string> argv = {"rpm",
                                     "--recipe",
                                     path("packages.yaml"),
                                     "--source",
                                     source,
                                     "--programs",
                                     programs,
                                     "--kernel",
                                     kKernel,
                                     "--image",
                                     image,
                                     "--key-file",
                                     path("main.key"),
                                     "--output",
                                     path("packages")};
    for (const std::string& name : kPackages) argv.insert(argv.end(), {"--package", name});
    for (const std::string& release : releases) argv.insert(argv.end(), {"--release", release});
    katabuild(argv);
  }

  void publish() {
    std::string channels;
    for (const std::string release : {"el7", "el9"}) {
      if (!path_exists(path("packages/" + release))) continue;
      channels += "\n  - {release: " + release + ", pools: [packages/" + release +
                  "/x86_64, packages/" + release + "/noarch]}";
    }
    write_file(path("repo.yaml"), "name: kata\ntitle: Kata\nbase_url: " + base_url() +
                                      "\nsigning: {key_file: main.key}\nchannels:" + channels +
                                      "\n");
    katabuild({"repo", "--recipe", path("repo.yaml"), "--output", path("current")});
  }

  static std::string base_url() {
    return "http://127.0.0.1:" + std::to_string(kInstallPort) + "/kata";
  }

  std::string folder_;
  RealCommandRunner runner_;
};

}  // namespace

const std::string& install_shelf() {
  static const std::string folder = [] {
    for (const char* program : {"dnf", "rpmbuild", "rpmsign", "gpg", "createrepo_c"})
      require_program(program);
    require(path_exists(kKernel) && path_exists(kImage), "engine",
            "needs the guest; run: ci/dev guest");
    return made_once(KATA_INSTALL_SHELF, inputs_digest(),
                     [](const std::string& work) { Builder(work).build(); });
  }();
  return folder;
}

}  // namespace kata::test
