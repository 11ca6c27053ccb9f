// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/channel_plan.h"

#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <unordered_set>

#include "builder/pipeline/digest.h"
#include "builder/repo/pages.h"
#include "builder/repo/updateinfo.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

/// What is published, when it can be built upon.
struct Published {
  std::optional<std::string> folder;
  PublishedMetadata metadata;
};

Published read_latest(const ChannelFolder& folder, const PlanInputs& inputs) {
  Published published;
  published.folder = folder.latest();
  if (!published.folder || inputs.options.rebuild) return published;
  const std::string repomd = join_path(*published.folder, "repodata/repomd.xml");
  try {
    // the old metadata's text goes into the new: what we sign must be what we signed
    if (inputs.memory.recall(repomd).empty()) {
      const SignatureChecker checker(inputs.public_key, inputs.context.runner);
      if (const auto problem = checker.problem(repomd, repomd + ".asc"))
        throw_error(Code::data_loss, "check {}: {}", repomd, *problem);
      inputs.memory.remember(repomd, pipeline::sha256_of_file(repomd));
    }
    published.metadata = read_published(*published.folder);
  } catch (const Error& error) {
    throw_error(
        Code::failed_precondition,
        "build upon the published {}: {}: publish with --rebuild, which reads every package "
        "again",
        folder.name(), error.what());
  }
  return published;
}

void check_architectures(const recipe::RepoChannel& channel,
                         const std::vector<PoolPackage>& packages) {
  for (const PoolPackage& candidate : packages) {
    const bool fits = std::any_of(channel.architectures.begin(), channel.architectures.end(),
                                  [&](const std::string& architecture) {
                                    return fits_architecture(*candidate.package, architecture);
                                  });
    if (fits) continue;
    std::string list;
    for (const std::string& known : channel.architectures)
      list += (list.empty() ? "" : ", ") + known;
    throw_error(Code::failed_precondition,
                "publish package {}: it is for {}, but channel {} has only {}: add it to the "
                "channel's architectures, or remove the package from the pool",
                candidate.path, candidate.package->arch, channel.release, list);
  }
}

/// Compares with what Packages/ holds: a file there that a snapshot names never changes.
void check_published_files(ChannelPlan& plan, const Packages& published) {
  std::unordered_set<const Package*> carried_over;
  for (const PackagePtr& package : published) carried_over.insert(package.get());
  std::optional<PackageSums> sums;  // of all snapshots; needed for new packages only
  for (const PackagePtr& pointer : plan.selection.packages) {
    const Package& package = *pointer;
    const std::string path = join_path(plan.folder.path(), package.location);
    struct stat status {};
    const bool there = ::stat(path.c_str(), &status) == 0;
    const bool same_size = there && static_cast<std::uint64_t>(status.st_size) == package.size;
    bool is_named = carried_over.contains(pointer.get());
    if (!is_named) {
      if (!sums) sums = plan.folder.all_sums();
      const auto named = sums->find(package.location);
      is_named = named != sums->end();
      if (is_named && named->second != package.sha256) {
        throw_error(Code::failed_precondition,
                    "publish package {} in {}: a snapshot holds other bytes of the same name and "
                    "version: raise the release of the new one",
                    nevra(package), plan.folder.name());
      }
    }
    if (same_size && is_named) continue;
    if (plan.selection.sources.contains(package.location)) {
      plan.to_copy.push_back(pointer);
    } else {
      throw_error(
          Code::failed_precondition,
          "publish {} again: {} is {}: put the package into a pool, or publish with --prune",
          nevra(package), path,
          there ? fmt::format("{} bytes instead of {}", status.st_size, package.size) : "missing");
    }
  }
}

std::int64_t timestamp_of(const ChannelPlan& plan, const Published& published,
                          const PlanInputs& inputs) {
  std::int64_t timestamp = pipeline::build_time(inputs.context, inputs.recipe.timestamp);
  if (timestamp == 0) {
    for (const PackagePtr& package : plan.selection.packages)
      timestamp = std::max(timestamp, package->build_time);
  }
  // yum refuses metadata that is older than what it has
  return std::max(timestamp, published.metadata.repomd.revision);
}

std::string sums_text(const Packages& packages) {
  std::string text;
  for (const PackagePtr& package : packages)
    text += package->sha256 + "  " + package->location + "\n";
  return text;
}

/// Locations of the packages that have, or will have, an SBOM beside them in Packages/.
std::unordered_set<std::string> sboms_of(const ChannelPlan& plan) {
  std::unordered_set<std::string> locations;
  std::unordered_set<std::string> copied;
  for (const PackagePtr& package : plan.to_copy) {
    copied.insert(package->location);
    if (path_exists(sbom_path(plan.selection.sources.at(package->location))))
      locations.insert(package->location);
  }
  for (const PackagePtr& package : plan.selection.packages) {
    if (!copied.contains(package->location) &&
        path_exists(sbom_path(join_path(plan.folder.path(), package->location))))
      locations.insert(package->location);
  }
  return locations;
}

/// What a new snapshot will hold in its folder `build`.
std::vector<std::string> attachments_of(const PublishOptions& options) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : options.attachments) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

/// `make_page` makes the page for a snapshot with these attachments: those that are published say
/// how their snapshot came about, and another build of the same is no reason for a new one.
template <typename MakePage>
bool is_published(const ChannelPlan& plan, const Published& published, MakePage make_page) {
  if (!published.folder || !plan.to_copy.empty()) return false;
  std::map<std::string, std::string> records;
  for (const RepomdRecord& record : published.metadata.repomd.records)
    records[record.type] = record.sha256;
  return records == plan.repodata.records &&
         read_file_if_exists(join_path(*published.folder, "index.html")) ==
             make_page(attachments_in(*published.folder));
}

void check_frozen(const ChannelPlan& plan, const PlanInputs& inputs) {
  const std::string repomd = plan.current
                                 ? read_file(join_path(*plan.current, "repodata/repomd.xml"))
                                 : plan.repodata.repomd;
  for (const std::string& name : inputs.options.freeze) {
    const auto frozen =
        read_file_if_exists(join_path(plan.folder.frozen_path(name), "repodata/repomd.xml"));
    if (frozen && *frozen != repomd) {
      throw_error(Code::already_exists,
                  "freeze {} as {}: another state has that name: choose another, or remove {}",
                  plan.folder.name(), name, plan.folder.frozen_path(name));
    }
  }
}

ChannelPlan plan_architecture(const recipe::RepoChannel& channel, ChannelFolder folder,
                              const std::vector<PoolPackage>& pool, const Published& published,
                              const PlanInputs& inputs) {
  ChannelPlan plan{.folder = std::move(folder),
                   .selection = {},
                   .to_copy = {},
                   .repodata = {},
                   .page = {},
                   .sums = {},
                   .timestamp = 0,
                   .current = {}};
  const std::string& architecture = plan.folder.architecture();
  std::vector<PoolPackage> mine;
  for (const PoolPackage& candidate : pool) {
    if (fits_architecture(*candidate.package, architecture)) mine.push_back(candidate);
  }
  plan.selection =
      select_packages(mine, inputs.options.prune ? Packages() : published.metadata.packages,
                      inputs.recipe.keep_versions);
  check_published_files(plan, published.metadata.packages);
  plan.timestamp = timestamp_of(plan, published, inputs);
  const Packages& packages = plan.selection.packages;
  const Note note = [&](std::string_view text) { inputs.context.progress.note(text); };
  const std::unordered_set<std::string> sboms = sboms_of(plan);
  const std::vector<std::string> attachments = attachments_of(inputs.options);
  const auto make_page = [&](const std::vector<std::string>& names) {
    if (names == attachments && !plan.page.empty()) return plan.page;
    return make_packages_page(inputs.recipe,
                              {.release = channel.release,
                               .architecture = architecture,
                               .packages = packages,
                               .sboms = sboms,
                               .attachments = names},
                              inputs.options.templates);
  };
  auto page = std::async(std::launch::async, [&] { return make_page(attachments); });
  plan.repodata = make_repodata(
      packages, {.compression = channel.compression,
                 .timestamp = plan.timestamp,
                 .updateinfo = make_updateinfo(inputs.recipe.advisories, packages, channel.release,
                                               inputs.recipe.name + "-" + channel.release,
                                               inputs.recipe.title, note),
                 .comps = architecture == "src" ? "" : make_comps(inputs.recipe.groups),
                 .before = &published.metadata.texts});
  plan.page = page.get();
  plan.sums = sums_text(packages);
  if (is_published(plan, published, make_page)) plan.current = published.folder;
  check_frozen(plan, inputs);
  return plan;
}

}  // namespace

std::vector<ChannelPlan> plan_channel(const recipe::RepoChannel& channel,
                                      const PlanInputs& inputs) {
  std::vector<ChannelFolder> folders;
  std::vector<Published> published;
  KnownPackages known;
  std::vector<std::string> pools = channel.pools;
  for (const std::string& architecture : channel.architectures) {
    folders.emplace_back(inputs.options.root, channel.release, architecture);
    published.push_back(read_latest(folders.back(), inputs));
    for (const PackagePtr& package : published.back().metadata.packages)
      known.emplace(package->sha256, package);
    const std::string packages = join_path(folders.back().path(), "Packages");
    if (inputs.options.rebuild && !inputs.options.prune && path_exists(packages))
      pools.push_back(packages);
  }
  const std::vector<PoolPackage> pool =
      read_pools(pools, known, inputs.verifier, inputs.memory, inputs.context.progress);
  check_architectures(channel, pool);
  std::vector<ChannelPlan> plans;
  for (std::size_t i = 0; i < folders.size(); ++i)
    plans.push_back(plan_architecture(channel, folders[i], pool, published[i], inputs));
  return plans;
}

}  // namespace kata::repo
