// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/package_files.h"

#include "builder/archive/compress.h"
#include "builder/rpm/man_page.h"
#include "builder/rpm/source_tree.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rpm {
namespace {

using archive::TarFile;
using recipe::PackageRecipe;

constexpr const char* kShare = "usr/share/kata-containers/";

void add_data_tree(const std::string& name, const PackageRecipe& recipe, const Values& values,
                   std::vector<TarFile>& files) {
  for (TarFile& file : files_below(join_path(recipe.templates, "files/" + name))) {
    if (file.path.ends_with(".in")) {
      file.path.resize(file.path.size() - 3);
      // named by the repository: two of them may be installed at once
      if (base_name(file.path) == "kata.repo")
        file.path = join_path(parent_path(file.path), values.at("REPOSITORY_ID") + ".repo");
      file.content = fill_template(read_file(file.source), values, file.source);
      file.source.clear();
    }
    files.push_back(std::move(file));
  }
}

/// docs/man/NAME.SECTION.md: katabuild's pages go with katabuild, all others with kata-runtime.
void add_man_pages(const std::string& package, const PackageRecipe& recipe, const std::string& work,
                   std::vector<TarFile>& files) {
  for (const TarFile& page : files_below(join_path(recipe.source, "docs/man"))) {
    const bool builders = page.path.starts_with("katabuild");
    if (!page.path.ends_with(".md") || builders != (package == "katabuild")) continue;
    const std::string stem = page.path.substr(0, page.path.size() - 3);
    const std::size_t dot = stem.find_last_of('.');
    if (dot == std::string::npos) continue;
    const std::string section = stem.substr(dot + 1);
    const std::string text = man_page(read_file(page.source), stem.substr(0, dot), section);
    const std::string plain = join_path(work, stem);
    write_file(plain, text);
    archive::compress_file(plain, plain + ".gz", {recipe::CompressionType::gzip, 9});
    files.push_back(
        {.path = "usr/share/man/man" + section + "/" + stem + ".gz", .source = plain + ".gz"});
  }
}

void add_runtime(const PackageRecipe& recipe, std::vector<TarFile>& files) {
  const std::string configuration =
      join_path(recipe.source, "runtime/config/configuration.toml.in");
  files.push_back(
      {.path = "usr/share/defaults/kata-containers/configuration.toml", .source = configuration});
  files.push_back({.path = "etc/kata-containers/configuration.toml", .source = configuration});
  files.push_back({.path = "etc/kata-containers/config.d", .mode = 0755, .directory = true});
  if (recipe.from_source) return;
  for (const char* name : {"kata-runtime", "containerd-shim-kata-v2"}) {
    files.push_back({.path = std::string("usr/bin/") + name,
                     .mode = 0755,
                     .source = program_path(recipe, name)});
  }
}

void add_kernel(const KernelInput& kernel, std::vector<TarFile>& files) {
  for (const std::string& path : kernel.files) {
    const std::string name(base_name(path));
    files.push_back({.path = kShare + name, .source = path});
    if (!name.starts_with("config-"))
      files.push_back(
          {.path = kShare + name.substr(0, name.find('-')) + ".container", .target = name});
  }
  files.push_back(
      {.path = std::string(kShare) + "kernel-manifest.json", .source = kernel.manifest});
}

void add_builder_data(const Inputs& inputs, std::vector<TarFile>& files) {
  for (const TarFile& file : inputs.source) {
    const std::string below = file.path.substr(file.path.find('/') + 1);
    for (const char* folder : {"kernel/", "rootfs/", "rpm/", "yum-repo/"}) {
      if (!below.starts_with(folder)) continue;
      TarFile copy = file;
      copy.path = "usr/share/katabuild/" + below;
      files.push_back(std::move(copy));
    }
  }
}

}  // namespace

std::vector<TarFile> package_files(const std::string& name, const PackageRecipe& recipe,
                                   const Inputs& inputs, const Values& values,
                                   const std::string& public_key, const std::string& work) {
  std::vector<TarFile> files;
  add_data_tree(name, recipe, values, files);
  if (name != "kata-kernel")
    files.push_back({.path = "usr/share/licenses/" + name + "/LICENSE",
                     .source = join_path(recipe.source, "LICENSE")});
  if (name == "kata-runtime") {
    add_runtime(recipe, files);
    add_man_pages(name, recipe, work, files);
  } else if (name == "kata-agent" && !recipe.from_source) {
    files.push_back({.path = "usr/libexec/kata-containers/kata-agent",
                     .mode = 0755,
                     .source = program_path(recipe, "kata-agent")});
  } else if (name == "kata-kernel") {
    add_kernel(inputs.kernel, files);
  } else if (name == "kata-image") {
    files.push_back(
        {.path = std::string(kShare) + "kata-containers-initrd.img", .source = inputs.image});
    files.push_back({.path = std::string(kShare) + "kata-containers-initrd.manifest.json",
                     .source = inputs.image_manifest});
  } else if (name == "katabuild") {
    add_builder_data(inputs, files);
    add_man_pages(name, recipe, work, files);
  } else if (name == "kata-release") {
    files.push_back({.path = "etc/pki/rpm-gpg/RPM-GPG-KEY-" + values.at("REPOSITORY_ID"),
                     .content = public_key});
  }
  return files;
}

}  // namespace kata::rpm
