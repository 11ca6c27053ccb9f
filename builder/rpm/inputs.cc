// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/inputs.h"

#include <elf.h>

#include <algorithm>

#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/elf.h"
#include "builder/rpm/source_tree.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rpm {
namespace {

using recipe::PackageRecipe;

void check_static_program(const std::string& path) {
  const std::optional<pipeline::ElfFile> elf = pipeline::read_elf(path);
  if (!elf || !elf->is_executable || elf->machine != EM_X86_64)
    throw_error(Code::invalid_argument, "package {}: it is no ELF program for x86_64", path);
  if (elf->has_interpreter) {
    throw_error(Code::invalid_argument,
                "package {}: it is dynamically linked and would need this machine's C library: "
                "build it with KATA_STATIC=ON",
                path);
  }
}

/// A file of a manifest beside it, with the digest that the manifest says.
void check_digest(const std::string& path, const std::string& sha256, const std::string& manifest,
                  const pipeline::Cache& cache) {
  const std::string found = pipeline::remembered_sha256(path, cache);
  if (found == sha256) return;
  throw_error(Code::data_loss,
              "package {}: its sha256 is {}, but {} says {}: build it again, both belong together",
              path, found, manifest, sha256);
}

std::string rpm_version_of(std::string version) {
  const std::size_t suffix = version.rfind(".container");
  if (suffix != std::string::npos) version.resize(suffix);
  std::replace(version.begin(), version.end(), '-', '.');
  return version;
}

KernelInput read_kernel(const PackageRecipe& recipe, const pipeline::Cache& cache) {
  KernelInput kernel;
  kernel.manifest = recipe.kernel;
  const Json manifest = read_json_file(recipe.kernel);
  try {
    kernel.version = manifest.at("version").get<std::string>();
    kernel.rpm_version = rpm_version_of(kernel.version);
    std::vector<std::string> names = recipe.kernel_images;
    names.emplace_back("config");
    for (const std::string& name : names) {
      const Json& entry = manifest.at("files").at(name);
      const std::string path =
          join_path(parent_path(recipe.kernel), entry.at("name").get<std::string>());
      check_digest(path, entry.at("sha256").get<std::string>(), recipe.kernel, cache);
      kernel.files.push_back(path);
    }
    if (manifest.contains("components"))
      kernel.components = recipe::components_from_json(manifest.at("components"));
    if (!recipe.kernel_source.empty()) {
      kernel.source = recipe.kernel_source;
      kernel.source_sha256 = manifest.at("source_sha256").get<std::string>();
      check_digest(kernel.source, kernel.source_sha256, recipe.kernel, cache);
    }
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "package the kernel of {}: it is no kernel manifest: {}",
                recipe.kernel, error.what());
  }
  return kernel;
}

/// Where `katabuild image` writes it.
std::string manifest_beside(const std::string& image) {
  const std::string name(base_name(image));
  return join_path(parent_path(image), name.substr(0, name.find_last_of('.')) + ".manifest.json");
}

void read_image(const PackageRecipe& recipe, const pipeline::Cache& cache, Inputs& inputs) {
  inputs.image = recipe.image;
  inputs.image_manifest = manifest_beside(recipe.image);
  try {
    const Json manifest = read_json_file(inputs.image_manifest);
    check_digest(inputs.image, manifest.at("file").at("sha256").get<std::string>(),
                 inputs.image_manifest, cache);
    if (manifest.contains("components"))
      inputs.image_components = recipe::components_from_json(manifest.at("components"));
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "package the image {}: {} is no image manifest: {}",
                inputs.image, inputs.image_manifest, error.what());
  }
}

std::vector<std::string> programs_of(const PackageRecipe& recipe) {
  std::vector<std::string> names;
  if (recipe.from_source) return names;
  if (wants(recipe, "kata-runtime")) names = {"kata-runtime", "containerd-shim-kata-v2"};
  if (wants(recipe, "kata-agent")) names.emplace_back("kata-agent");
  return names;
}

/// Everything that is not there, in one error.
void check_all_there(const PackageRecipe& recipe) {
  std::string missing;
  const auto need = [&](const std::string& path, const char* what, const char* option) {
    if (path.empty())
      missing += fmt::format("\n  {}: name it with {} or in the recipe", what, option);
    else if (!path_exists(path))
      missing += fmt::format("\n  {}: there is no {}", what, path);
  };
  need(recipe.source, "the project's source tree", "--source DIR");
  if (!programs_of(recipe).empty() && recipe.programs.empty())
    need("", "the folder of the programs", "--programs DIR");
  for (const std::string& name : programs_of(recipe)) {
    if (!recipe.programs.empty())
      need(program_path(recipe, name), ("the program " + name).c_str(), "--programs DIR");
  }
  if (wants(recipe, "kata-kernel"))
    need(recipe.kernel, "the kernel's kernel-manifest.json", "--kernel FILE");
  if (wants(recipe, "kata-kernel") && !recipe.kernel_source.empty())
    need(recipe.kernel_source, "the kernel's source", "--kernel-source FILE");
  if (wants(recipe, "kata-image")) {
    need(recipe.image, "the image", "--image FILE");
    if (path_exists(recipe.image))
      need(manifest_beside(recipe.image),
           "the image's manifest, which katabuild image writes beside it", "--image FILE");
  }
  if (!missing.empty())
    throw_error(Code::invalid_argument, "{}: the packages need what is not there:{}", recipe.file,
                missing);
}

}  // namespace

bool wants(const PackageRecipe& recipe, const std::string& name) {
  return std::any_of(recipe.packages.begin(), recipe.packages.end(),
                     [&](const recipe::PackageEntry& e) { return e.name == name; });
}

std::string program_path(const PackageRecipe& recipe, const std::string& name) {
  // An installation has all in one folder, a build tree each program in its own.
  constexpr std::pair<const char*, const char*> kFolders[] = {
      {"kata-runtime", "runtime/cli/kata-runtime"},
      {"containerd-shim-kata-v2", "runtime/shim/containerd-shim-kata-v2"},
      {"kata-agent", "runtime/agent/kata-agent"}};
  std::string flat = join_path(recipe.programs, name);
  for (const auto& [program, path] : kFolders) {
    std::string built = join_path(recipe.programs, path);
    if (name == program && !path_exists(flat) && path_exists(built)) return built;
  }
  return flat;
}

Inputs gather_inputs(const PackageRecipe& recipe, pipeline::Context& context) {
  check_all_there(recipe);
  Inputs inputs;
  for (const std::string& name : programs_of(recipe))
    check_static_program(program_path(recipe, name));
  inputs.source = source_tree(recipe.source, "kata-" + recipe.version, context.runner);
  inputs.source_digest = archive::tar_digest(inputs.source);
  inputs.changelog = read_file(join_path(recipe.source, "CHANGELOG.md"));
  if (wants(recipe, "kata-kernel")) inputs.kernel = read_kernel(recipe, context.cache);
  if (wants(recipe, "kata-image")) read_image(recipe, context.cache, inputs);
  return inputs;
}

}  // namespace kata::rpm
