// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/build_image.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/publish.h"
#include "builder/rootfs/asked_plan.h"
#include "builder/rootfs/disk/disk_image.h"
#include "builder/rootfs/drop_in.h"
#include "builder/rootfs/image_plan.h"
#include "builder/rootfs/initrd.h"
#include "builder/rootfs/kernel_support.h"
#include "builder/rootfs/packed_image.h"
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
constexpr int kImageProcedure = 3;
constexpr const char* kManifestSuffix = ".manifest.json";
constexpr const char* kSbomSuffix = ".spdx.json";

std::string format_inputs(const ImageRecipe& recipe) {
  return recipe.format == recipe::ImageFormat::initrd ? initrd_inputs(recipe) : disk_inputs(recipe);
}

std::string inputs_digest(const ImageRecipe& recipe, const ImagePlan& plan) {
  return pipeline::sha256_of_text(fmt::format("katabuild image {}\n{}\n{}\n{}\n{}\n",
                                              kImageProcedure, recipe.name, plan.files_sha256,
                                              format_inputs(recipe), plan.timestamp));
}

PackedImage pack(const ImageRecipe& recipe, const ImagePlan& plan, const std::string& output,
                 const std::string& work, Context& context) {
  if (recipe.format == recipe::ImageFormat::initrd) {
    PackedImage packed = pack_initrd(recipe, plan, work, context);
    if (needs_drop_in(recipe)) packed.drop_in = begin_drop_in(recipe, output);
    return packed;
  }
  return pack_disk(recipe, plan, output, work, context);
}

/// `suffix` in place of the image's own.
std::string companion_name(const std::string& image_name, const std::string& suffix) {
  const std::size_t dot = image_name.find_last_of('.');
  return image_name.substr(0, dot == 0 ? std::string::npos : dot) + suffix;
}

std::string path_beside(const std::string& output, const std::string& suffix) {
  return join_path(parent_path(output), companion_name(std::string(base_name(output)), suffix));
}

/// The agent, and what is linked into it.
std::vector<recipe::Component> components_of(const ImageRecipe& recipe, const ImagePlan& plan,
                                             const Context& context) {
  std::vector<recipe::Component> components =
      sbom::program_components(recipe.agent.path, context.cache);
  sbom::merge_components(components, {{.name = "kata-agent",
                                       .version = KATA_VERSION,
                                       .license = "Apache-2.0",
                                       .purl = "",
                                       .relation = "CONTAINS",
                                       .sha256 = plan.agent.sha256}});
  sbom::merge_components(components, plan.packages);
  return components;
}

/// The place of the package that brought a file in; `origin` is "package NAME VERSION" or "agent",
/// with what it covers behind a comma.
std::optional<std::size_t> component_of(std::string_view origin,
                                        const std::vector<recipe::Component>& components) {
  origin = origin.substr(0, origin.find(','));
  for (std::size_t i = 0; i < components.size(); ++i) {
    const recipe::Component& component = components[i];
    if (origin == "agent" ? component.name == "kata-agent"
                          : origin == "package " + component.name + " " + component.version)
      return i;
  }
  return std::nullopt;
}

std::vector<sbom::File> files_of(const ImagePlan& plan,
                                 const std::vector<recipe::Component>& components) {
  std::vector<sbom::File> files;
  std::map<std::string, std::optional<std::size_t>> places;  // by origin: there are few
  for (const auto& [path, node] : plan.tree.nodes()) {
    if (!node.content) continue;
    const pipeline::FileDigests& digests = plan.digests.at(node.content.get());
    const auto [place, is_new] = places.try_emplace(node.origin);
    if (is_new) place->second = component_of(node.origin, components);
    files.push_back({"./" + path, digests.sha1, digests.sha256, place->second});
  }
  return files;
}

std::string sbom_of(const ImageRecipe& recipe, const ImagePlan& plan, const ImageArtifact& artifact,
                    const std::vector<recipe::Component>& components) {
  return sbom::spdx_document({.name = recipe.name,
                              .version = plan.files_sha256.substr(0, 16),
                              .file_name = std::string(base_name(artifact.image.path)),
                              .license = "",
                              .supplier = "",
                              .purl = "",
                              .sha256 = artifact.image.sha256,
                              .files = files_of(plan, components),
                              .components = components,
                              .timestamp = plan.timestamp});
}

Json manifest_of(const ImageRecipe& recipe, const ImagePlan& plan, const ImageArtifact& artifact,
                 const std::vector<recipe::Component>& components, const PackedImage& packed) {
  Json manifest{{"kind", "image"},
                {"name", recipe.name},
                {"format", recipe.format == recipe::ImageFormat::initrd ? "initrd" : "image"},
                {"file",
                 {{"name", base_name(artifact.image.path)},
                  {"sha256", artifact.image.sha256},
                  {"size", artifact.image.size}}},
                {"uncompressed_size", artifact.uncompressed_size},
                {"components", recipe::to_json(components)},
                {"entries", plan.tree.nodes().size()},
                {"files_sha256", plan.files_sha256},
                {"agent",
                 {{"sha256", plan.agent.sha256},
                  {"size", plan.agent.size},
                  {"build_id", plan.agent.build_id}}},
                {"timestamp", plan.timestamp},
                {"inputs_sha256", inputs_digest(recipe, plan)}};
  if (!packed.drop_in.empty())
    manifest["drop_in_sha256"] = pipeline::sha256_of_text(packed.drop_in);
  manifest.update(packed.facts);
  return manifest;
}

/// Whether the drop-in beside the image is the one that was published with it, and still right: it
/// names the image's place and says where its hooks are.
bool drop_in_fits(const ImageRecipe& recipe, const Json& manifest, const std::string& output) {
  const std::string text =
      read_file_if_exists(path_beside(output, kDropInSuffix)).value_or(std::string());
  if (!needs_drop_in(recipe)) return !is_drop_in(text);
  return pipeline::sha256_of_text(text) == manifest.value("drop_in_sha256", "") &&
         text.starts_with(begin_drop_in(recipe, output));
}

/// What is there already, when it came from the same inputs and is whole.
std::optional<ImageArtifact> find_up_to_date(const ImageRecipe& recipe, const ImagePlan& plan,
                                             const std::string& output,
                                             const pipeline::Cache& cache) {
  const std::string manifest_path = path_beside(output, kManifestSuffix);
  const std::optional<std::string> text = read_file_if_exists(manifest_path);
  const std::string sbom = path_beside(output, kSbomSuffix);
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
    if (manifest.at("inputs_sha256") != inputs_digest(recipe, plan)) return std::nullopt;
    if (!drop_in_fits(recipe, manifest, output)) return std::nullopt;
    if (pipeline::remembered_sha256(output, cache) != artifact.image.sha256) return std::nullopt;
    return artifact;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() == Code::invalid_argument) return std::nullopt;  // not JSON: not ours
    throw;
  }
}

/// Puts it beside the image, or takes away the one of an earlier recipe.
void publish_drop_in(const std::string& text, const std::string& output,
                     pipeline::OutputFolder& folder) {
  const std::string path = path_beside(output, kDropInSuffix);
  if (!text.empty())
    folder.add_text(text, std::string(base_name(path)));
  else if (is_drop_in(read_file_if_exists(path).value_or("")))
    folder.remove(std::string(base_name(path)));
}

ImageArtifact build_in(const std::string& work, const ImageRecipe& recipe,
                       const std::string& output, const LockChoice& choice, Context& context) {
  const ImagePlan plan = plan_image(recipe, work, context, choice);
  if (std::optional<ImageArtifact> present = find_up_to_date(recipe, plan, output, context.cache))
    return *present;
  const std::string name(base_name(output));
  context.progress.begin("image", fmt::format("packing {} entries", plan.tree.nodes().size()), 0);
  const PackedImage packed = pack(recipe, plan, output, work, context);
  ImageArtifact artifact;
  artifact.uncompressed_size = packed.uncompressed_size;
  artifact.image = {output, pipeline::sha256_of_file(packed.path),
                    std::filesystem::file_size(packed.path)};
  artifact.manifest = path_beside(output, kManifestSuffix);
  pipeline::OutputFolder folder(parent_path(output));
  folder.add_file(packed.path, name);
  publish_drop_in(packed.drop_in, output, folder);
  const std::vector<recipe::Component> components = components_of(recipe, plan, context);
  artifact.sbom = path_beside(output, kSbomSuffix);
  folder.add_text(sbom_of(recipe, plan, artifact, components), companion_name(name, kSbomSuffix));
  folder.add_text(manifest_of(recipe, plan, artifact, components, packed).dump(2) + "\n",
                  companion_name(name, kManifestSuffix));
  context.progress.end(
      fmt::format("{} bytes, {} unpacked,", artifact.image.size, artifact.uncompressed_size));
  return artifact;
}

}  // namespace

pipeline::StageStatus image_status(const ImageRecipe& recipe, const std::string& output,
                                   Context& context) {
  const AskedPlan asked(recipe, context);
  const ImagePlan& plan = asked.plan();
  const std::size_t entries = plan.tree.nodes().size();
  if (find_up_to_date(recipe, plan, output, context.cache))
    return {.up_to_date = true, .detail = fmt::format("{} entries", entries)};
  return {.up_to_date = false, .detail = fmt::format("{} entries to be packed", entries)};
}

ImageArtifact build_image(const ImageRecipe& recipe, const std::string& output, Context& context,
                          const LockChoice& choice) {
  if (recipe.format == recipe::ImageFormat::initrd)
    check_kernel_unpacks(recipe.kernel_config, recipe.compression.type);
  else
    check_kernel_mounts(recipe);
  check_kernel_loads(recipe);
  context.cache.remove_stale_work();
  const std::string key = pipeline::sha256_of_text(output);
  const pipeline::FileLock lock = context.cache.lock("image", key, [&] {
    context.progress.note("image: waiting for another katabuild that writes the same image");
  });
  return pipeline::explain_full_disk(context.cache.root(), [&] {
    const pipeline::WorkFolder work(context.cache.work_path("image", key));
    return build_in(work.path(), recipe, output, choice, context);
  });
}

}  // namespace kata::rootfs
