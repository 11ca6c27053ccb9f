// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/run_commands.h"

#include <algorithm>
#include <string>
#include <utility>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/base/tree_store.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "builder/rootfs/sandbox/tree_exchange.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;
using pipeline::Context;
using recipe::ImageRecipe;

// Part of every result's key: raise it when a change here makes other trees.
constexpr int kRunProcedure = 1;
constexpr const char* kOrigin = "run";

bool is_device(const Node& node) {
  return node.entry.kind == EntryKind::character_device ||
         node.entry.kind == EntryKind::block_device;
}

bool is_same(const Node& a, const Node& b) {
  return a.entry.kind == b.entry.kind && a.entry.mode == b.entry.mode &&
         a.entry.uid == b.entry.uid && a.entry.gid == b.entry.gid &&
         a.entry.target == b.entry.target && bool{a.content} == bool{b.content} &&
         (!a.content || (a.content->size == b.content->size &&
                         content_sha256(*a.content, a.entry.path) == b.content->sha256));
}

/// What cannot pass through a sandbox is taken from before: devices, attributes that a file system
/// in memory does not hold, origins.
void restore(const Tree& before, Tree& after) {
  Tree merged = after;
  for (const auto& [path, node] : before.nodes()) {
    const Node* now = after.find(path);
    if (now == nullptr) {
      const Node* above = after.find(parent_path(path));
      if (is_device(node) && above != nullptr && above->entry.kind == EntryKind::directory)
        merged.put(node);
      continue;
    }
    if (!is_same(node, *now)) continue;
    Node kept = *now;
    kept.origin = node.origin;
    for (const auto& [name, value] : node.entry.xattrs) {
      if (name.starts_with("user.")) kept.entry.xattrs.emplace(name, value);
    }
    merged.put(std::move(kept));
  }
  after = std::move(merged);
}

[[noreturn]] void fail(const ImageRecipe& recipe, const SandboxPlan& plan,
                       const SandboxResult& result) {
  const auto& argv = plan.steps[static_cast<std::size_t>(result.failed)].argv;
  if (result.failed == 0 || result.failed + 1 == static_cast<int>(plan.steps.size())) {
    throw_error(Code::internal, "{}: {} the root file system for its commands: {}:{}", recipe.file,
                result.failed == 0 ? "lay out" : "read back", argv.front(),
                output_end(result.output));
  }
  const bool lacks_shell = result.output.find("start /bin/sh: No such file") != std::string::npos;
  throw_error(
      Code::failed_precondition, "{}: run: command {} of {} ({}): exit status {}:{}{}", recipe.file,
      result.failed, recipe.run.size(), printable({.argv = argv}), result.status,
      output_end(result.output),
      lacks_shell ? "\n  the image has no shell: write the command as a list of words" : "");
}

Base run_in(const ImageRecipe& recipe, const Tree& tree, const std::string& work, Spool& spool,
            Context& context) {
  const std::int64_t time = pipeline::build_time(context, recipe.timestamp);
  context.progress.note(fmt::format("run: {} commands in the root", recipe.run.size()));
  const std::string exchange = join_path(work, "exchange");
  make_directories(exchange);
  put_tree(tree, exchange);
  SandboxPlan plan = new_sandbox_plan(recipe.limits.size);
  plan.binds = {work_bind(exchange)};
  plan.steps.push_back(unpack_step(time));
  for (const std::vector<std::string>& argv : recipe.run)
    plan.steps.push_back({.argv = argv, .env = sandbox_environment(time), .root = kSandboxTree});
  plan.steps.push_back(pack_step(time));
  const SandboxResult result = run_sandbox(plan, context);
  if (result.failed >= 0) fail(recipe, plan, result);
  Base base;
  take_tree(exchange, recipe.limits, kOrigin, spool, base.tree);
  restore(tree, base.tree);
  return base;
}

}  // namespace

void run_commands(const ImageRecipe& recipe, Tree& tree, Context& context) {
  if (recipe.run.empty()) return;
  const std::string key = pipeline::sha256_of_text(fmt::format(
      "run {}\n{}\n{}\n{} {}\n{}\n", kRunProcedure, tree_digest(tree), Json(recipe.run).dump(),
      recipe.limits.size, recipe.limits.entries, pipeline::build_time(context, recipe.timestamp)));
  Base base = stored_tree(key, "run", context, [&](const std::string& work, Spool& spool) {
    return run_in(recipe, tree, work, spool, context);
  });
  tree = std::move(base.tree);
}

}  // namespace kata::rootfs
