// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/publish_repo.h"

#include <filesystem>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/file_lock.h"
#include "builder/pipeline/interrupt.h"
#include "builder/repo/channel_plan.h"
#include "builder/repo/pages.h"
#include "builder/signing/gnupg.h"
#include "builder/signing/trial_key.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"

namespace kata::repo {
namespace {

constexpr const char* kLock = ".katabuild.lock";

/// Writes what the plan needs beside what is published; nobody reads it yet.
std::string stage(const ChannelPlan& plan, const PublishOptions& options, const Signer& signer) {
  for (const PackagePtr& package : plan.to_copy) {
    plan.folder.add_package(plan.selection.sources.at(package->location), package->location,
                            package->sha256, package->build_time);
  }
  const signing::TemporaryFolder scratch;
  const std::string repomd = join_path(scratch.path(), "repomd.xml");
  write_file(repomd, plan.repodata.repomd);
  std::vector<std::pair<std::string, std::string>> files = {
      {"repodata/repomd.xml", plan.repodata.repomd},
      {"repodata/repomd.xml.asc", signer.sign(repomd)},
      {"index.html", plan.page},
      {"SHA256SUMS", plan.sums}};
  for (const auto& [name, bytes] : plan.repodata.files)
    files.emplace_back("repodata/" + name, bytes);
  for (const auto& [name, bytes] : options.attachments) {
    const std::string path = join_path(scratch.path(), name);
    write_file(path, bytes);
    files.emplace_back("build/" + name, bytes);
    files.emplace_back("build/" + name + ".asc", signer.sign(path));
  }
  return plan.folder.add_snapshot(files, plan.timestamp);
}

void write_root_files(const recipe::RepoRecipe& recipe, const PublishOptions& options,
                      const std::vector<ChannelPlan>& plans, const Signer& signer) {
  std::vector<PageEntry> entries;
  for (const ChannelPlan& plan : plans) {
    entries.push_back({.release = plan.folder.release(),
                       .architecture = plan.folder.architecture(),
                       .packages = plan.selection.packages.size(),
                       .release_package = find_release_package(recipe, plan.folder.release(),
                                                               plan.selection.packages),
                       .frozen = plan.folder.frozen_names()});
  }
  for (const recipe::RepoChannel& channel : recipe.channels) {
    replace_file(join_path(options.root, recipe.name + "-" + channel.release + ".repo"),
                 make_repo_file(recipe, channel, options.templates));
  }
  replace_file(join_path(options.root, "index.html"),
               make_root_page(recipe, entries, signer.fingerprint(), options.templates));
}

void check_freeze_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || name.front() == '.' ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "._+-") != std::string::npos) {
      throw_error(Code::invalid_argument,
                  "freeze as \"{}\": the name may hold letters, digits and ._+- only", name);
    }
  }
}

/// What a recipe may leave to `katabuild build`, but not to `katabuild repo`.
void check_complete(const recipe::RepoRecipe& recipe) {
  if (!recipe.signing)
    throw_error(Code::invalid_argument,
                "{}: \"signing\" is missing: nobody can trust a repository that nobody signed",
                recipe.file);
  for (const recipe::RepoChannel& channel : recipe.channels) {
    if (channel.pools.empty())
      throw_error(Code::invalid_argument, "{}: channel {} has no \"pools\" to take packages from",
                  recipe.file, channel.release);
  }
}

/// The plans of all channels. Call with the root's lock held, when somebody publishes meanwhile.
std::vector<ChannelPlan> plan_channels(const PlanInputs& inputs) {
  std::vector<ChannelPlan> plans;
  for (const recipe::RepoChannel& channel : inputs.recipe.channels) {
    for (ChannelPlan& plan : plan_channel(channel, inputs)) plans.push_back(std::move(plan));
  }
  return plans;
}

PoolMemory pool_memory(const std::string& root, const Signer& signer, pipeline::Context& context) {
  return {join_path(context.cache.folder("repo"), pipeline::sha256_of_text(root) + ".pool"),
          signer.fingerprint()};
}

Signer signer_of(const recipe::RepoRecipe& recipe, pipeline::Context& context) {
  check_complete(recipe);
  return {signing::with_trial_place(*recipe.signing, context.cache.root()), context.runner};
}

}  // namespace

pipeline::StageStatus repo_status(const recipe::RepoRecipe& recipe, const PublishOptions& options,
                                  pipeline::Context& context) {
  const Signer signer = signer_of(recipe, context);
  const std::string public_key = signer.public_key_file();
  PackageVerifier verifier(public_key);
  PoolMemory memory = pool_memory(options.root, signer, context);
  std::string changed;
  std::size_t packages = 0;
  for (const ChannelPlan& plan :
       plan_channels({recipe, options, public_key, verifier, memory, context})) {
    packages += plan.selection.packages.size();
    if (!plan.current)
      changed += (changed.empty() ? "" : ", ") +
                 fmt::format("{} ({} new)", plan.folder.name(), plan.to_copy.size());
  }
  if (changed.empty()) return {.up_to_date = true, .detail = fmt::format("{} packages", packages)};
  return {.up_to_date = false, .detail = "to be published: " + changed};
}

std::vector<PublishedChannel> publish_repo(const recipe::RepoRecipe& recipe,
                                           const PublishOptions& options,
                                           pipeline::Context& context) {
  check_freeze_names(options.freeze);
  const Signer signer = signer_of(recipe, context);
  const std::string public_key = signer.public_key_file();
  PackageVerifier verifier(public_key);
  make_directories(options.root);
  const pipeline::FileLock lock(join_path(options.root, kLock), [&] {
    context.progress.note("repo: waiting for another katabuild that publishes to " + options.root);
  });
  PoolMemory memory = pool_memory(options.root, signer, context);
  const std::vector<ChannelPlan> plans =
      plan_channels({recipe, options, public_key, verifier, memory, context});

  std::vector<PublishedChannel> published;
  ScopeExit remove_halves([&] {
    for (const ChannelPlan& plan : plans) plan.folder.remove_leftovers();
  });
  pipeline::explain_full_disk(options.root, [&] {
    for (const ChannelPlan& plan : plans) {
      pipeline::throw_if_interrupted();
      plan.folder.remove_leftovers();
      published.push_back({.name = plan.folder.name(),
                           .snapshot = plan.current ? *plan.current : stage(plan, options, signer),
                           .packages = plan.selection.packages.size(),
                           .added = plan.to_copy.size(),
                           .up_to_date = plan.current.has_value()});
    }
    // from here on clients see the new state, one repository after the other
    replace_file(join_path(options.root, key_name(recipe)), signer.public_key());
    for (std::size_t i = 0; i < plans.size(); ++i) {
      plans[i].folder.switch_to(published[i].snapshot, recipe.base_url);
      for (const std::string& name : options.freeze)
        plans[i].folder.freeze(published[i].snapshot, name);
    }
    write_root_files(recipe, options, plans, signer);
    for (const ChannelPlan& plan : plans) plan.folder.remove_old(recipe.keep_snapshots);
  });
  remove_halves.dismiss();
  for (const PublishedChannel& channel : published) {
    const std::string repomd = join_path(channel.snapshot, "repodata/repomd.xml");
    if (!channel.up_to_date) memory.remember(repomd, pipeline::sha256_of_file(repomd));
  }
  memory.save();
  return published;
}

}  // namespace kata::repo
