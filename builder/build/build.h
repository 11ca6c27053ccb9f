// SPDX-License-Identifier: Apache-2.0
//
// `katabuild build`: the stages in their order, two at a time where none waits for the other.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "builder/build/report.h"
#include "builder/build/stages.h"
#include "builder/pipeline/context.h"
#include "builder/pipeline/progress.h"
#include "builder/pipeline/stage_status.h"
#include "builder/repo/publish_repo.h"

namespace kata::build {

/// A build that has ended, with its outputs.
struct BuildResult {
  Report report;
  std::vector<repo::PublishedChannel> channels;
  std::string public_key;  ///< path
};

/// Runs every stage that is not up to date and writes report.json, report.html and
/// provenance.json. A stage that fails is in the report, too, before its Error is thrown. What was
/// done stays done: the next run goes on from there.
[[nodiscard]] BuildResult run_build(const Stages& stages, const BuildOptions& options,
                                    const std::string& recipe, pipeline::ProgressBoard& board,
                                    pipeline::Context& context);

/// Runs the one stage that `options.stage` names, where a later run_build into the same output
/// finds it up to date; two at once do not get into each other's way. No report is written: that is
/// for the build as a whole. Throws Error.
void run_stage(const Stages& stages, const BuildOptions& options, pipeline::ProgressBoard& board,
               pipeline::Context& context);

/// A stage's name, and what run_build would do with it.
struct PlannedStage {
  std::string name;
  bool is_known = true;  ///< false: it depends on a stage that has to run first
  pipeline::StageStatus status;
};

/// The stages with their state. Nothing is built, downloaded or published; but a trial key that was
/// asked for is made. Throws Error for inputs that are not there.
[[nodiscard]] std::vector<PlannedStage> plan_build(const Stages& stages,
                                                   const BuildOptions& options,
                                                   pipeline::Context& context);

}  // namespace kata::build
