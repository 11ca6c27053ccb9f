// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/build_kernel.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>

#include "builder/kernel/compile.h"
#include "builder/kernel/config_check.h"
#include "builder/kernel/config_merge.h"
#include "builder/kernel/fetch.h"
#include "builder/kernel/unpack.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/elf.h"
#include "builder/pipeline/interrupt.h"
#include "builder/pipeline/publish.h"
#include "builder/recipe/component.h"
#include "builder/recipe/show_recipe.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::kernel {
namespace {

using pipeline::Context;
using recipe::FileArtifact;
using recipe::KernelArtifact;
using recipe::KernelRecipe;

// Part of every cache key: raise it when a change here makes other bytes from the same inputs.
constexpr int kProcedure = 2;
constexpr const char* kKind = "kernel";
constexpr const char* kManifest = "kernel-manifest.json";

/// All that decides the result, gathered before anything is written.
struct Inputs {
  SourceArchive source;
  Requests requests;
  Toolchain toolchain;
  std::int64_t timestamp = 0;
  std::string key;
};

Requests requests_of(const KernelRecipe& recipe) {
  Requests requests = merge_fragments(recipe.fragments);
  if (!recipe.localversion.empty()) {
    merge_fragment(fmt::format("CONFIG_LOCALVERSION=\"{}\"\n", recipe.localversion),
                   recipe.file + " (localversion)", requests);
  }
  return requests;
}

std::string cache_key(const KernelRecipe& recipe, const Inputs& inputs) {
  std::string text =
      fmt::format("katabuild kernel {}\nsource {} {}\narch {}\ntimestamp {}\nstrip {}\npvh {}\n",
                  kProcedure, static_cast<int>(recipe.source.kind), inputs.source.sha256,
                  recipe.arch, inputs.timestamp, recipe.strip, recipe.require_pvh);
  for (const std::string& name : recipe.source.patches) text += "srpm patch " + name + "\n";
  for (const std::string& patch : recipe.patches)
    text += "patch " + pipeline::sha256_of_file(patch) + "\n";
  for (const Tool& tool : inputs.toolchain.tools)
    text += fmt::format("tool {} {}\n", tool.name, tool.version);
  return pipeline::sha256_of_text(text + merged_text(inputs.requests));
}

Inputs gather_inputs(const KernelRecipe& recipe, Context& context) {
  Inputs inputs;
  inputs.requests = requests_of(recipe);
  for (const std::string& patch : recipe.patches) {
    if (!path_exists(patch))
      throw_error(Code::invalid_argument, "{}: patch {}: there is no such file", recipe.file,
                  patch);
  }
  inputs.toolchain = probe_toolchain(recipe.compiler, context);
  inputs.source = fetch_source(recipe.source, context);
  inputs.timestamp = pipeline::build_time(context, recipe.timestamp);
  inputs.key = cache_key(recipe, inputs);
  return inputs;
}

FileArtifact describe(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "look at {}", path);
  return {path, pipeline::sha256_of_file(path), static_cast<std::uint64_t>(status.st_size)};
}

std::vector<FileArtifact> describe_all(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<FileArtifact> files;
  std::transform(paths.begin(), paths.end(), std::back_inserter(files), describe);
  return files;
}

std::string modules_path(const std::string& version) { return "lib/modules/" + version; }

Json file_json(const FileArtifact& file, const std::string& name) {
  return Json{{"name", name}, {"sha256", file.sha256}, {"size", file.size}};
}

void check_pvh_entry(const std::string& vmlinux) {
  const std::optional<pipeline::ElfFile> elf = pipeline::read_elf(vmlinux);
  if (elf && pipeline::has_pvh_entry(*elf)) return;
  throw_error(Code::failed_precondition,
              "check {}: it has no PVH entry (the ELF note XEN_ELFNOTE_PHYS32_ENTRY), so QEMU "
              "cannot boot it directly: set "
              "CONFIG_PVH=y in a fragment, or require_pvh: false in the recipe",
              base_name(vmlinux));
}

/// The manifest as it is kept in the cache; what depends on more than the key is added by `load`.
Json manifest_of(const KernelRecipe& recipe, const Inputs& inputs, const KernelArtifact& artifact) {
  Json tools = Json::object();
  for (const Tool& tool : inputs.toolchain.tools) tools[tool.name] = tool.version;
  Json manifest{{"kind", "kernel"},
                {"version", artifact.version},
                {"arch", recipe.arch},
                {"timestamp", inputs.timestamp},
                {"inputs_sha256", inputs.key},
                {"source_sha256", inputs.source.sha256},
                {"files",
                 {{"vmlinux", file_json(artifact.vmlinux, "vmlinux-" + artifact.version)},
                  {"vmlinuz", file_json(artifact.vmlinuz, "vmlinuz-" + artifact.version)},
                  {"config", file_json(artifact.config, "config-" + artifact.version)}}},
                {"tools", tools}};
  const std::string& folder = artifact.modules_folder;
  for (const FileArtifact& module : artifact.modules)
    manifest["modules"].push_back(
        file_json(module, modules_path(artifact.version) + module.path.substr(folder.size())));
  return manifest;
}

KernelArtifact load(const std::string& folder, const KernelRecipe& recipe) {
  Json manifest = read_json_file(join_path(folder, kManifest));
  const auto file = [&](const char* name) {
    const Json& entry = manifest.at("files").at(name);
    return FileArtifact{join_path(folder, name), entry.at("sha256").get<std::string>(),
                        entry.at("size").get<std::uint64_t>()};
  };
  KernelArtifact artifact;
  artifact.version = manifest.at("version").get<std::string>();
  artifact.vmlinux = file("vmlinux");
  artifact.vmlinuz = file("vmlinuz");
  artifact.config = file("config");
  if (manifest.contains("modules")) {
    artifact.modules_folder = join_path(folder, modules_path(artifact.version));
    for (const Json& entry : manifest.at("modules"))
      artifact.modules.push_back({join_path(folder, entry.at("name").get<std::string>()),
                                  entry.at("sha256").get<std::string>(),
                                  entry.at("size").get<std::uint64_t>()});
  }
  Json fragments = Json::array();
  for (const std::string& path : recipe.fragments) {
    fragments.push_back({{"name", base_name(path)}, {"sha256", pipeline::sha256_of_file(path)}});
  }
  std::string version = artifact.version;
  if (const std::size_t local = version.find(".container"); local != std::string::npos)
    version.resize(local);
  manifest["components"] =
      recipe::to_json({{.name = "linux",
                        .version = version,
                        .license = "GPL-2.0-only WITH Linux-syscall-note",
                        .purl = "",
                        .relation = "GENERATED_FROM",
                        .sha256 = manifest.at("source_sha256").get<std::string>()}});
  Json patches = Json::array();
  for (const std::string& path : recipe.patches)
    patches.push_back({{"name", base_name(path)}, {"sha256", pipeline::sha256_of_file(path)}});
  manifest["patches"] = patches;
  manifest["recipe"] = recipe.name;
  manifest["fragments"] = fragments;
  artifact.manifest = manifest.dump(2) + "\n";
  return artifact;
}

bool is_whole(const FileArtifact& file) {
  struct stat status {};
  return ::stat(file.path.c_str(), &status) == 0 &&
         static_cast<std::uint64_t>(status.st_size) == file.size;
}

/// A cache entry counts only when its files are still what the manifest says in size.
std::optional<KernelArtifact> find_cached(const KernelRecipe& recipe, const Inputs& inputs,
                                          const Context& context) {
  const std::optional<std::string> folder = context.cache.find(kKind, inputs.key);
  if (!folder) return std::nullopt;
  try {
    KernelArtifact artifact = load(*folder, recipe);
    std::vector<FileArtifact> files = artifact.modules;
    files.insert(files.end(), {artifact.vmlinux, artifact.vmlinuz, artifact.config});
    if (!std::all_of(files.begin(), files.end(), is_whole)) return std::nullopt;
    artifact.from_cache = true;
    return artifact;
  } catch (const Error& error) {  // a damaged entry is built anew
    context.progress.note(fmt::format("cache: ignoring {}: {}", *folder, error.what()));
  } catch (const Json::exception& error) {
    context.progress.note(fmt::format("cache: ignoring {}: {}", *folder, error.what()));
  }
  return std::nullopt;
}

/// compile(); when it misses a file while folders are left out, once more with all of them.
std::uint64_t compile_with_rest(const BuildTree& tree, SourceTree& source, std::uint64_t expected,
                                Context& context) {
  try {
    return compile(tree, expected, context);
  } catch (const Error& error) {
    const std::string_view why = error.what();
    const bool misses_a_file = why.find("No rule to make target") != std::string_view::npos ||
                               why.find("No such file") != std::string_view::npos;
    if (!misses_a_file || source.left_out.empty() || pipeline::interrupted_by() != 0) throw;
    context.progress.note("kernel: a file is missing; unpacking all of the source");
  }
  unpack_folders(source, std::vector(source.left_out), context);
  return compile(tree, expected, context);
}

/// Unpack, configure, check, compile, strip: the result is a folder with the artifact's files.
void build_into(const std::string& result, const std::string& work, const KernelRecipe& recipe,
                const Inputs& inputs, Context& context) {
  BuildTree tree;
  tree.work = work;
  SourceTree source = unpack_source(recipe, inputs.source, work, context);
  tree.source = source.top;
  tree.compiler = recipe.compiler;
  tree.has_ccache = inputs.toolchain.has_ccache;
  tree.has_modules = builds_modules(inputs.requests);
  tree.timestamp = inputs.timestamp;
  const std::string config = configure(tree, merged_text(inputs.requests), context);
  const Values values = parse_dot_config(config);
  const KconfigTree kconfig = read_kconfig(tree.source, "x86");
  check_survived(inputs.requests, values, kconfig);
  if (const auto needed = needed_folders(source.left_out, values, kconfig); !needed.empty())
    unpack_folders(source, needed, context);
  const std::string memory = "kernel-" + recipe.name;
  const std::uint64_t expected = context.cache.recall(memory).value_or(recipe.expected_steps);
  context.cache.remember(memory, compile_with_rest(tree, source, expected, context));

  make_directories(result);
  KernelArtifact artifact;
  artifact.version = kernel_release(tree, context);
  strip_vmlinux(join_path(tree.source, "vmlinux"), join_path(result, "vmlinux"), recipe.strip,
                context);
  if (recipe.require_pvh) check_pvh_entry(join_path(result, "vmlinux"));
  pipeline::copy_file(join_path(tree.source, "arch/x86/boot/bzImage"), join_path(result, "vmlinuz"),
                      0644);
  write_file(join_path(result, "config"), config);
  artifact.vmlinux = describe(join_path(result, "vmlinux"));
  artifact.vmlinuz = describe(join_path(result, "vmlinuz"));
  artifact.config = describe(join_path(result, "config"));
  if (tree.has_modules) {
    install_modules(tree, result, context);
    artifact.modules_folder = join_path(result, modules_path(artifact.version));
    artifact.modules = describe_all(artifact.modules_folder);
  }
  write_file(join_path(result, kManifest), manifest_of(recipe, inputs, artifact).dump(2) + "\n");
}

void check_work_path(const std::string& path) {
  if (path.find_first_of(" :\t") != std::string::npos) {
    throw_error(Code::invalid_argument,
                "build in {}: the kernel's build cannot handle a path with a space or colon: "
                "choose another with --cache",
                path);
  }
}

}  // namespace

KernelArtifact build_kernel(const KernelRecipe& recipe, Context& context) {
  const Inputs inputs = gather_inputs(recipe, context);
  if (std::optional<KernelArtifact> cached = find_cached(recipe, inputs, context))
    return *std::move(cached);
  check_work_path(context.cache.root());
  context.cache.remove_stale_work();
  const pipeline::FileLock lock = context.cache.lock(kKind, inputs.key, [&] {
    context.progress.note("kernel: waiting for another katabuild that builds the same kernel");
  });
  if (std::optional<KernelArtifact> cached = find_cached(recipe, inputs, context))
    return *std::move(cached);
  pipeline::explain_full_disk(context.cache.root(), [&] {
    pipeline::WorkFolder work(context.cache.work_path(kKind, inputs.key));
    if (context.keep_build) {
      work.keep();
      context.progress.note("kernel: building in " + work.path());
    }
    const std::string result = join_path(work.path(), "result");
    build_into(result, work.path(), recipe, inputs, context);
    context.cache.replace(result, kKind, inputs.key);
  });
  return load(context.cache.entry_path(kKind, inputs.key), recipe);
}

pipeline::StageStatus kernel_status(const KernelRecipe& recipe, Context& context) {
  if (!source_is_here(recipe.source, context))
    return {.up_to_date = false,
            .detail = "to be built, " + recipe.source.url + " to be downloaded"};
  const Inputs inputs = gather_inputs(recipe, context);
  if (const std::optional<KernelArtifact> cached = find_cached(recipe, inputs, context))
    return {.up_to_date = true, .detail = cached->version + " in the cache"};
  return {.up_to_date = false, .detail = "to be built"};
}

KernelArtifact publish_kernel(const KernelArtifact& artifact, const std::string& folder) {
  pipeline::OutputFolder output(folder);
  KernelArtifact published = artifact;
  const auto add = [&](FileArtifact& file, const std::string& kind) {
    const std::string name = kind + "-" + artifact.version;
    output.add_file(file.path, name);
    file.path = output.path_of(name);
  };
  add(published.vmlinux, "vmlinux");
  add(published.vmlinuz, "vmlinuz");
  add(published.config, "config");
  output.add_symlink("vmlinux-" + artifact.version, "vmlinux.container");
  output.add_symlink("vmlinuz-" + artifact.version, "vmlinuz.container");
  // Modules of another kernel that has the same version would not fit this one
  const std::string modules = modules_path(artifact.version);
  if (artifact.modules_folder.empty()) {
    output.remove_folder(modules);
  } else {
    output.add_folder(artifact.modules_folder, modules);
    published.modules_folder = output.path_of(modules);
    for (FileArtifact& module : published.modules)
      module.path = published.modules_folder + module.path.substr(artifact.modules_folder.size());
  }
  output.add_text(artifact.manifest, kManifest);
  return published;
}

}  // namespace kata::kernel
