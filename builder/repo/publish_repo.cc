// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/publish_repo.h"

#include <filesystem>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/file_lock.h"
#include "builder/pipeline/interrupt.h"
#include "builder/repo/channel_plan.h"
#include "builder/repo/pages.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"

namespace kata::repo {
namespace {

constexpr const char* kLock = ".katabuild.lock";

/// Writes what the plan needs beside what is published; nobody reads it yet.
std::string stage(const ChannelPlan& plan, const Signer& signer) {
  for (const PackagePtr& package : plan.to_copy) {
    plan.folder.add_package(plan.selection.sources.at(package->location), package->location,
                            package->sha256, package->build_time);
  }
  const TempDir scratch;
  const std::string repomd = join_path(scratch.path(), "repomd.xml");
  write_file(repomd, plan.repodata.repomd);
  std::vector<std::pair<std::string, std::string>> files = {
      {"repodata/repomd.xml", plan.repodata.repomd},
      {"repodata/repomd.xml.asc", signer.sign(repomd)},
      {"index.html", plan.page},
      {"SHA256SUMS", plan.sums}};
  for (const auto& [name, bytes] : plan.repodata.files)
    files.emplace_back("repodata/" + name, bytes);
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

}  // namespace

std::vector<PublishedChannel> publish_repo(const recipe::RepoRecipe& recipe,
                                           const PublishOptions& options,
                                           pipeline::Context& context) {
  check_freeze_names(options.freeze);
  const Signer signer(recipe.signing, context.runner);
  const std::string public_key = signer.public_key_file();
  PackageVerifier verifier(public_key);
  make_directories(options.root);
  const pipeline::FileLock lock(join_path(options.root, kLock), [&] {
    context.progress.note("repo: waiting for another katabuild that publishes to " + options.root);
  });
  PoolMemory memory(
      join_path(context.cache.folder("repo"), pipeline::sha256_of_text(options.root) + ".pool"),
      signer.fingerprint());

  const PlanInputs inputs{recipe, options, public_key, verifier, memory, context};
  std::vector<ChannelPlan> plans;
  for (const recipe::RepoChannel& channel : recipe.channels) {
    for (ChannelPlan& plan : plan_channel(channel, inputs)) plans.push_back(std::move(plan));
  }

  std::vector<PublishedChannel> published;
  ScopeExit remove_halves([&] {
    for (const ChannelPlan& plan : plans) plan.folder.remove_leftovers();
  });
  pipeline::explain_full_disk(options.root, [&] {
    for (const ChannelPlan& plan : plans) {
      pipeline::throw_if_interrupted();
      plan.folder.remove_leftovers();
      published.push_back({.name = plan.folder.name(),
                           .snapshot = plan.current ? *plan.current : stage(plan, signer),
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
