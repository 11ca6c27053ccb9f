// SPDX-License-Identifier: Apache-2.0
#include "builder/build/build.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>

#include "builder/build/provenance.h"
#include "builder/kernel/build_kernel.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/git.h"
#include "builder/pipeline/interrupt.h"
#include "builder/pipeline/parallel.h"
#include "builder/programs/programs.h"
#include "builder/rootfs/build_image.h"
#include "builder/rpm/build_packages.h"
#include "builder/rpm/inputs.h"
#include "builder/rpm/source_tree.h"
#include "builder/signing/signing_key.h"
#include "builder/signing/trial_key.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

using pipeline::Context;
using Clock = std::chrono::steady_clock;

constexpr const char* kProvenance = "provenance.json";

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Runs stages, writes down what became of them, and tells whoever watches.
class Runner {
 public:
  Runner(pipeline::ProgressBoard& board, const Context& context)
      : board_(board), context_(context) {}

  /// `body` gets a context with a progress of its own and fills in state and detail.
  template <typename Body>
  void stage(const std::string& name, Body body) {
    const std::size_t index = begin(name);
    pipeline::Progress progress(board_);
    Context context{.cache = context_.cache,
                    .runner = context_.runner,
                    .progress = progress,
                    .source_date_epoch = context_.source_date_epoch,
                    .jobs = context_.jobs,
                    .keep_build = context_.keep_build,
                    .offline = context_.offline};
    StageRecord record{
        .name = name, .state = StageState::built, .seconds = 0, .detail = "", .error = ""};
    const Clock::time_point began = Clock::now();
    try {
      body(record, context);
      record.seconds = seconds_since(began);
      end(index, record);
    } catch (const std::exception& error) {
      record.state = StageState::failed;
      record.error = error.what();
      record.seconds = seconds_since(began);
      end(index, record);
      throw;
    }
  }

  /// The stages in the order in which they began.
  [[nodiscard]] std::vector<StageRecord> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  std::size_t begin(const std::string& name) {
    board_.event({{"event", "stage"}, {"stage", name}, {"state", "running"}});
    const std::lock_guard lock(mutex_);
    records_.push_back(
        {.name = name, .state = StageState::not_run, .seconds = 0, .detail = "", .error = ""});
    return records_.size() - 1;
  }

  void end(std::size_t index, const StageRecord& record) {
    board_.event({{"event", "stage"},
                  {"stage", record.name},
                  {"state", state_name(record.state)},
                  {"seconds", record.seconds},
                  {"detail", record.detail}});
    board_.print(fmt::format(
        "{:<9} {:<10} {:>6.1f} s  {}", record.name, state_name(record.state), record.seconds,
        record.error.empty() ? record.detail : record.error.substr(0, record.error.find('\n'))));
    const std::lock_guard lock(mutex_);
    records_[index] = record;
  }

  pipeline::ProgressBoard& board_;
  const Context& context_;
  mutable std::mutex mutex_;
  std::vector<StageRecord> records_;
};

/// Collects results for the report by their paths below the output folder. Threads may share it.
class Outputs {
 public:
  Outputs(const Stages& stages, const pipeline::Cache& cache)
      : folder_(stages.output), cache_(cache) {}

  void add(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "look at {}", path);
    add({path, pipeline::remembered_sha256(path, cache_),
         static_cast<std::uint64_t>(status.st_size)});
  }
  void add(const recipe::FileArtifact& file) {
    const bool is_inside = is_below(file.path, folder_);
    const std::lock_guard lock(mutex_);
    list_.push_back(
        {is_inside ? file.path.substr(folder_.size() + 1) : file.path, file.sha256, file.size});
  }
  [[nodiscard]] std::vector<Output> sorted() const {
    std::unique_lock lock(mutex_);
    std::vector<Output> list = list_;
    lock.unlock();
    std::sort(list.begin(), list.end(),
              [](const Output& a, const Output& b) { return a.path < b.path; });
    return list;
  }

 private:
  std::string folder_;
  const pipeline::Cache& cache_;
  mutable std::mutex mutex_;
  std::vector<Output> list_;
};

std::string commit_of(const std::string& source, CommandRunner& runner) {
  if (!path_exists(join_path(source, ".git")) || !find_program("git")) return {};
  const CommandResult result = runner.run(pipeline::git_command(source, {"rev-parse", "HEAD"}));
  return result.status == 0 ? result.output.substr(0, result.output.find('\n')) : std::string();
}

Materials materials_of(const Stages& stages, CommandRunner& runner) {
  return {.source_commit = commit_of(stages.source, runner),
          .source_sha256 = rpm::source_tree_digest(stages.source, runner),
          .kernel_manifest = stages.packages.kernel,
          .programs_manifest = join_path(stages.programs, programs::kManifestName)};
}

void build_kernel(const Stages& stages, StageRecord& record, Context& context, Outputs& outputs) {
  const recipe::KernelArtifact built = kernel::build_kernel(stages.kernel, context);
  const recipe::KernelArtifact kernel = kernel::publish_kernel(built, stages.guest);
  record.state = built.from_cache ? StageState::up_to_date : StageState::built;
  record.detail = kernel.version;
  for (const recipe::FileArtifact* file : {&kernel.vmlinux, &kernel.vmlinuz, &kernel.config})
    outputs.add(*file);
}

void build_programs(const Stages& stages, StageRecord& record, Context& context, Outputs& outputs) {
  const recipe::ProgramsArtifact built =
      programs::compile_programs(stages.source, stages.programs, context);
  record.state = built.up_to_date ? StageState::up_to_date : StageState::built;
  record.detail = fmt::format("{} programs", built.programs.size());
  for (const recipe::FileArtifact& file : built.programs) outputs.add(file);
}

void build_image(const Stages& stages, StageRecord& record, Context& context, Outputs& outputs) {
  recipe::ImageRecipe recipe = stages.image;
  if (recipe.agent.path.empty())
    recipe.agent.path = rpm::program_path(stages.packages, "kata-agent");
  const recipe::ImageArtifact image = rootfs::build_image(recipe, stages.image_file, context);
  record.state = image.up_to_date ? StageState::up_to_date : StageState::built;
  record.detail = fmt::format("{} bytes", image.image.size);
  outputs.add(image.image);
  outputs.add(image.sbom);
}

std::string build_packages(const Stages& stages, StageRecord& record, Context& context,
                           Outputs& outputs) {
  const recipe::PackagesArtifact built =
      rpm::build_packages(stages.packages, stages.package_folder, context);
  std::size_t made = 0;
  for (const recipe::RpmArtifact& package : built.packages) {
    made += package.up_to_date ? 0 : 1;
    outputs.add(package.file);
    outputs.add(package.sbom);
  }
  record.state = made == 0 ? StageState::up_to_date : StageState::built;
  record.detail = fmt::format("{} packages, {} of them new", built.packages.size(), made);
  return built.public_key;
}

/// Each channel's own pools and the packages of this build: not what lies beside them in the
/// folder, which may be of a build that was refused.
recipe::RepoRecipe with_pools(const Stages& stages) {
  recipe::RepoRecipe recipe = stages.repository;
  const std::vector<recipe::RpmArtifact> packages = rpm::built_packages(stages.package_folder);
  for (recipe::RepoChannel& channel : recipe.channels) {
    const std::set<std::string> architectures(channel.architectures.begin(),
                                              channel.architectures.end());
    for (const recipe::RpmArtifact& package : packages) {
      const bool fits = package.arch == "noarch" || architectures.contains(package.arch);
      if (package.release == channel.release && fits && rpm::wants(stages.packages, package.name))
        channel.pools.push_back(package.file.path);
    }
  }
  return recipe;
}

repo::PublishOptions publish_options(const Stages& stages, const BuildOptions& options) {
  return {.root = stages.repo_folder,
          .templates = join_path(stages.source, "yum-repo"),
          .prune = options.prune,
          .rebuild = false,
          .freeze = options.freeze,
          .attachments = {}};
}

std::vector<repo::PublishedChannel> publish(const Stages& stages, const BuildOptions& options,
                                            StageRecord& record, Context& context,
                                            const Outputs& outputs) {
  const std::string statement =
      provenance(stages, materials_of(stages, context.runner), outputs.sorted());
  write_file_atomic(join_path(stages.output, kProvenance), statement);
  repo::PublishOptions publish = publish_options(stages, options);
  publish.attachments = {{kProvenance, statement}};
  const std::string sbom = "kata-containers-initrd.spdx.json";
  publish.attachments.emplace_back(sbom, read_file(join_path(stages.guest, sbom)));
  std::vector<repo::PublishedChannel> channels =
      repo::publish_repo(with_pools(stages), publish, context);
  std::size_t published = 0;
  for (const repo::PublishedChannel& channel : channels) published += channel.up_to_date ? 0 : 1;
  record.state = published == 0 ? StageState::up_to_date : StageState::built;
  record.detail = fmt::format("{} repositories, {} of them published", channels.size(), published);
  return channels;
}

void run_kernel(const Stages& stages, Runner& runner, Outputs& outputs) {
  runner.stage("kernel", [&](StageRecord& record, Context& context) {
    build_kernel(stages, record, context, outputs);
  });
}

void run_programs(const Stages& stages, Runner& runner, Outputs& outputs) {
  if (!stages.compile) return;
  runner.stage("programs", [&](StageRecord& record, Context& context) {
    build_programs(stages, record, context, outputs);
  });
}

void run_stages(const Stages& stages, const BuildOptions& options, Runner& runner,
                BuildResult& result, Outputs& outputs) {
  pipeline::run_parallel(2, 2, [&](std::size_t i) {
    i == 0 ? run_kernel(stages, runner, outputs) : run_programs(stages, runner, outputs);
  });
  runner.stage("image", [&](StageRecord& record, Context& context) {
    build_image(stages, record, context, outputs);
  });
  runner.stage("packages", [&](StageRecord& record, Context& context) {
    result.public_key = build_packages(stages, record, context, outputs);
  });
  runner.stage("repo", [&](StageRecord& record, Context& context) {
    result.channels = publish(stages, options, record, context, outputs);
  });
}

}  // namespace

BuildResult run_build(const Stages& stages, const BuildOptions& options, const std::string& recipe,
                      pipeline::ProgressBoard& board, Context& context) {
  BuildResult result;
  result.report.name = stages.name;
  result.report.recipe = recipe;
  result.report.options = to_json(options);
  result.report.options["source"] = stages.source;
  result.report.began = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
  const Clock::time_point began = Clock::now();
  make_directories(stages.output);
  Runner runner(board, context);
  Outputs outputs(stages, context.cache);
  const auto finish = [&] {
    result.report.seconds = seconds_since(began);
    result.report.stages = runner.records();
    result.report.outputs = outputs.sorted();
    write_report(result.report, stages.output);
  };
  // before anything is built, and once for all stages
  const std::shared_ptr<const signing::SigningKey> key = signing::open_signing_key(
      signing::with_trial_place(*stages.packages.signing, context.cache.root()), context.runner);
  try {
    run_stages(stages, options, runner, result, outputs);
  } catch (...) {
    ignore_error(finish, "the failure itself is what has to be told");
    throw;
  }
  finish();
  return result;
}

void run_stage(const Stages& stages, const BuildOptions& options, pipeline::ProgressBoard& board,
               Context& context) {
  make_directories(stages.output);
  Runner runner(board, context);
  Outputs outputs(stages, context.cache);
  if (options.stage == "kernel") {
    run_kernel(stages, runner, outputs);
  } else {
    run_programs(stages, runner, outputs);
  }
}

std::vector<PlannedStage> plan_build(const Stages& stages, const BuildOptions& options,
                                     Context& context) {
  std::vector<PlannedStage> plan;
  bool all_known = true;
  const auto add = [&](const char* name, const auto& status) {
    PlannedStage stage{.name = name, .is_known = all_known, .status = {}};
    if (all_known) stage.status = status();
    plan.push_back(std::move(stage));
  };
  const auto need_earlier = [&] {
    all_known = std::all_of(plan.begin(), plan.end(), [](const PlannedStage& stage) {
      return stage.is_known && stage.status.up_to_date;
    });
  };
  add("kernel", [&] { return kernel::kernel_status(stages.kernel, context); });
  if (stages.compile)
    add("programs",
        [&] { return programs::programs_status(stages.source, stages.programs, context); });
  need_earlier();
  all_known = all_known && path_exists(stages.packages.kernel);  // the kernel is not copied yet
  add("image", [&] {
    recipe::ImageRecipe recipe = stages.image;
    if (recipe.agent.path.empty())
      recipe.agent.path = rpm::program_path(stages.packages, "kata-agent");
    return rootfs::image_status(recipe, stages.image_file, context);
  });
  need_earlier();
  add("packages",
      [&] { return rpm::packages_status(stages.packages, stages.package_folder, context); });
  need_earlier();
  add("repo", [&] {
    return repo::repo_status(with_pools(stages), publish_options(stages, options), context);
  });
  return plan;
}

}  // namespace kata::build
