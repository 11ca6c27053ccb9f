// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/initrd.h"

#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "builder/archive/compress.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/publish.h"
#include "builder/rootfs/agent_install.h"
#include "builder/rootfs/base.h"
#include "builder/rootfs/kernel_support.h"
#include "builder/sbom/program_components.h"
#include "builder/sbom/spdx.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using pipeline::Context;
using recipe::ImageArtifact;
using recipe::ImageRecipe;

// Part of every image's inputs: raise it when a change here makes other bytes from the same inputs.
constexpr int kProcedure = 2;

struct Plan {
  Tree tree;
  InstalledAgent agent;
  std::string files_sha256;
  std::string inputs_sha256;
  std::int64_t timestamp = 0;
  int level = 0;
};

Plan make_plan(const ImageRecipe& recipe, const std::string& work, Context& context) {
  Plan plan;
  plan.tree = read_base(recipe, work, context);
  plan.agent = install_agent(recipe, work, plan.tree, context.runner);
  add_files(recipe, plan.tree);
  plan.timestamp = pipeline::build_time(context, recipe.timestamp);
  plan.level = recipe.compression.level > 0 ? recipe.compression.level
                                            : archive::default_level(recipe.compression.type);
  plan.files_sha256 = tree_digest(plan.tree);
  plan.inputs_sha256 = pipeline::sha256_of_text(
      fmt::format("katabuild initrd {}\n{}\n{} {}\n{}\n", kProcedure, plan.files_sha256,
                  recipe::compression_name(recipe.compression.type), plan.level, plan.timestamp));
  return plan;
}

std::string manifest_name(const std::string& image_name) {
  const std::size_t dot = image_name.find_last_of('.');
  return image_name.substr(0, dot == 0 ? std::string::npos : dot) + ".manifest.json";
}

std::string sbom_name(const std::string& image_name) {
  std::string name = manifest_name(image_name);
  return name.substr(0, name.size() - std::string_view(".manifest.json").size()) + ".spdx.json";
}

/// The agent, and what is linked into it.
std::vector<recipe::Component> components_of(const ImageRecipe& recipe, const Plan& plan,
                                             const Context& context) {
  std::vector<recipe::Component> components =
      sbom::program_components(recipe.agent.path, context.cache);
  sbom::merge_components(components, {{.name = "kata-agent",
                                       .version = KATA_VERSION,
                                       .license = "Apache-2.0",
                                       .purl = "",
                                       .relation = "CONTAINS",
                                       .sha256 = plan.agent.sha256}});
  return components;
}

std::string sbom_of(const ImageRecipe& recipe, const Plan& plan, const ImageArtifact& artifact,
                    const std::vector<recipe::Component>& components, const std::string& packed) {
  return sbom::spdx_document({.name = recipe.name,
                              .version = plan.files_sha256.substr(0, 16),
                              .file_name = std::string(base_name(artifact.image.path)),
                              .license = "",
                              .supplier = "",
                              .purl = "",
                              .sha256 = artifact.image.sha256,
                              .files = sbom::files_of_archive(packed),
                              .components = components,
                              .timestamp = plan.timestamp});
}

Json manifest_of(const ImageRecipe& recipe, const Plan& plan, const ImageArtifact& artifact,
                 const std::vector<recipe::Component>& components) {
  return Json{
      {"kind", "image"},
      {"name", recipe.name},
      {"format", "initrd"},
      {"file",
       {{"name", base_name(artifact.image.path)},
        {"sha256", artifact.image.sha256},
        {"size", artifact.image.size}}},
      {"uncompressed_size", artifact.uncompressed_size},
      {"compression",
       {{"type", recipe::compression_name(recipe.compression.type)}, {"level", plan.level}}},
      {"components", recipe::to_json(components)},
      {"entries", plan.tree.nodes().size()},
      {"files_sha256", plan.files_sha256},
      {"agent",
       {{"sha256", plan.agent.sha256},
        {"size", plan.agent.size},
        {"build_id", plan.agent.build_id}}},
      {"timestamp", plan.timestamp},
      {"inputs_sha256", plan.inputs_sha256}};
}

/// What is there already, when it came from the same inputs and is whole.
std::optional<ImageArtifact> find_up_to_date(const std::string& output,
                                             const std::string& manifest_path, const Plan& plan,
                                             const pipeline::Cache& cache) {
  const std::optional<std::string> text = read_file_if_exists(manifest_path);
  const std::string sbom =
      join_path(parent_path(output), sbom_name(std::string(base_name(output))));
  if (!text || !path_exists(output) || !path_exists(sbom)) return std::nullopt;
  try {
    const Json manifest = parse_json(*text, manifest_path);
    ImageArtifact artifact;
    artifact.image = {output, manifest.at("file").at("sha256").get<std::string>(),
                      manifest.at("file").at("size").get<std::uint64_t>()};
    artifact.manifest = manifest_path;
    artifact.sbom = sbom;
    artifact.uncompressed_size = manifest.at("uncompressed_size").get<std::uint64_t>();
    artifact.up_to_date = true;
    if (manifest.at("inputs_sha256") != plan.inputs_sha256) return std::nullopt;
    if (pipeline::remembered_sha256(output, cache) != artifact.image.sha256) return std::nullopt;
    return artifact;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() == Code::invalid_argument) return std::nullopt;  // not JSON: not ours
    throw;
  }
}

std::uint64_t write_cpio(const Plan& plan, const std::string& path) {
  archive::CpioWriter writer(path);
  write_tree(plan.tree, plan.timestamp, writer);
  return writer.finish();
}

ImageArtifact build_in(const std::string& work, const ImageRecipe& recipe,
                       const std::string& output, Context& context) {
  const Plan plan = make_plan(recipe, work, context);
  const std::string name(base_name(output));
  const std::string manifest_path = join_path(parent_path(output), manifest_name(name));
  if (std::optional<ImageArtifact> present =
          find_up_to_date(output, manifest_path, plan, context.cache))
    return *present;
  context.progress.begin("image", fmt::format("packing {} entries", plan.tree.nodes().size()), 0);
  ImageArtifact artifact;
  const std::string cpio = join_path(work, "image.cpio");
  const std::string packed = join_path(work, "image");
  artifact.uncompressed_size = write_cpio(plan, cpio);
  artifact.image.size = archive::compress_file(cpio, packed, recipe.compression);
  artifact.image.sha256 = pipeline::sha256_of_file(packed);
  artifact.image.path = output;
  artifact.manifest = manifest_path;
  pipeline::OutputFolder folder(parent_path(output));
  folder.add_file(packed, name);
  const std::vector<recipe::Component> components = components_of(recipe, plan, context);
  artifact.sbom = folder.path_of(sbom_name(name));
  folder.add_text(sbom_of(recipe, plan, artifact, components, packed), sbom_name(name));
  folder.add_text(manifest_of(recipe, plan, artifact, components).dump(2) + "\n",
                  manifest_name(name));
  context.progress.end(
      fmt::format("{} bytes, {} unpacked,", artifact.image.size, artifact.uncompressed_size));
  return artifact;
}

}  // namespace

pipeline::StageStatus initrd_status(const ImageRecipe& recipe, const std::string& output,
                                    Context& context) {
  const TempDir work;
  const Plan plan = make_plan(recipe, work.path(), context);
  const std::string manifest =
      join_path(parent_path(output), manifest_name(std::string(base_name(output))));
  if (find_up_to_date(output, manifest, plan, context.cache))
    return {.up_to_date = true, .detail = fmt::format("{} entries", plan.tree.nodes().size())};
  return {.up_to_date = false,
          .detail = fmt::format("{} entries to be packed", plan.tree.nodes().size())};
}

ImageArtifact build_initrd(const ImageRecipe& recipe, const std::string& output, Context& context) {
  check_kernel_unpacks(recipe.kernel_config, recipe.compression.type);
  context.cache.remove_stale_work();
  const std::string key = pipeline::sha256_of_text(output);
  const pipeline::FileLock lock = context.cache.lock("image", key, [&] {
    context.progress.note("image: waiting for another katabuild that writes the same image");
  });
  return pipeline::explain_full_disk(context.cache.root(), [&] {
    const pipeline::WorkFolder work(context.cache.work_path("image", key));
    return build_in(work.path(), recipe, output, context);
  });
}

}  // namespace kata::rootfs
