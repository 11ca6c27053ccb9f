// SPDX-License-Identifier: Apache-2.0
#include "builder/build/rebuild.h"

#include <cerrno>
#include <filesystem>

#include "builder/build/build.h"
#include "builder/pipeline/publish.h"
#include "builder/rpm/source_tree.h"
#include "builder/signing/trial_key.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

namespace fs = std::filesystem;

void copy_tree(const std::string& from, const std::string& to, CommandRunner& runner) {
  for (const archive::TarFile& file : rpm::source_tree(from, "", runner)) {
    const std::string path = to + "/" + file.path;
    make_directories(parent_path(path));
    if (!file.target.empty()) {
      fs::create_symlink(file.target, path);
    } else {
      pipeline::copy_file(file.source, path, file.mode);
    }
  }
}

}  // namespace

Comparison rebuild_and_compare(const recipe::BuildRecipe& recipe, const BuildOptions& options,
                               bool keep_kernel, const std::string& scratch,
                               pipeline::ProgressBoard& board, pipeline::Context& context) {
  const Stages original = resolve(recipe, options, context.runner);
  make_directories(scratch);
  const TempDir folder(scratch, "katabuild-rebuild-");
  const std::string source = join_path(folder.path(), "source");
  copy_tree(original.source, source, context.runner);

  pipeline::Cache cache(join_path(folder.path(), "cache"));
  if (keep_kernel && path_exists(join_path(context.cache.root(), "kernel")))
    fs::create_directory_symlink(context.cache.folder("kernel"), join_path(cache.root(), "kernel"));
  pipeline::Context fresh{.cache = cache,
                          .runner = context.runner,
                          .progress = context.progress,
                          .source_date_epoch = context.source_date_epoch,
                          .jobs = context.jobs,
                          .keep_build = false,
                          .offline = context.offline};
  recipe::BuildRecipe again = recipe;
  again.source = source;
  // the copy is no checkout, and has no key of its own
  again.timestamp_of_git = false;
  again.timestamp = original.packages.timestamp;
  BuildOptions elsewhere = options;
  elsewhere.signing = signing::with_trial_place(*original.packages.signing, context.cache.root());
  elsewhere.output = join_path(folder.path(), "output");
  elsewhere.repository.clear();
  elsewhere.freeze.clear();
  const Stages stages = resolve(again, elsewhere, fresh.runner);
  (void)run_build(stages, elsewhere, recipe.file, board, fresh);
  return compare_builds(original.output, stages.output, fresh.runner);
}

}  // namespace kata::build
