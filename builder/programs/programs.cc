// SPDX-License-Identifier: Apache-2.0
#include "builder/programs/programs.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/digest_memory.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/publish.h"
#include "builder/programs/library_packages.h"
#include "builder/programs/ninja_build.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::programs {
namespace {

using pipeline::Context;
using recipe::FileArtifact;

// Part of the build folder's name: raise it when CMake has to be told something else.
constexpr int kProcedure = 1;

struct Program {
  const char* name;
  const char* path;  ///< in the build folder
};
constexpr Program kPrograms[] = {
    {"kata-runtime", "runtime/cli/kata-runtime"},
    {"containerd-shim-kata-v2", "runtime/shim/containerd-shim-kata-v2"},
    {"kata-agent", "runtime/agent/kata-agent"}};

void check_tools() {
  std::string missing;
  for (const char* name : {"cmake", "ninja", "c++"}) {
    if (!find_program(name)) missing += std::string(missing.empty() ? "" : " ") + name;
  }
  if (missing.empty()) return;
  throw_error(Code::failed_precondition,
              "compile the programs: programs are missing: {}: install them with `apt-get install "
              "cmake ninja-build g++` or `dnf install cmake ninja-build gcc-c++`, or name a folder "
              "of compiled ones with \"programs\"",
              missing);
}

NinjaBuild build_of(const std::string& source, Context& context) {
  if (!path_exists(join_path(source, "CMakePresets.json")) ||
      !path_exists(join_path(source, "runtime"))) {
    throw_error(Code::invalid_argument,
                "compile the programs of {}: it is no source tree of this project: name it with "
                "\"source\", or a folder of compiled programs with \"programs\"",
                source);
  }
  const std::string key = pipeline::sha256_of_text(fmt::format("{} {}", kProcedure, source));
  NinjaBuild build{.source = source,
                   .folder = join_path(context.cache.folder("programs"), key.substr(0, 16)),
                   .targets = {}};
  for (const Program& program : kPrograms) build.targets.emplace_back(program.name);
  return build;
}

/// What programs.json in the build folder said the last time; null: nothing that helps.
Json known_programs(const std::string& folder) {
  try {
    if (const auto text = read_file_if_exists(join_path(folder, kManifestName)))
      return parse_json(*text, kManifestName).at("programs");
  } catch (const Json::exception&) {  // made anew
  } catch (const Error&) {            // made anew
  }
  return nullptr;
}

Json components_of(const NinjaBuild& build, const Program& program, const std::string& sha256,
                   const Json& known, Context& context) {
  if (known.is_object() && known.contains(program.name) &&
      known.at(program.name).value("sha256", "") == sha256) {
    return known.at(program.name).at("components");
  }
  return recipe::to_json(owners_of(system_files_of(build, program.path, context), context.runner));
}

}  // namespace

recipe::ProgramsArtifact compile_programs(const std::string& source, const std::string& output,
                                          Context& context) {
  check_tools();
  const NinjaBuild build = build_of(source, context);
  const pipeline::FileLock lock = context.cache.lock(
      "programs", std::string(base_name(build.folder)),
      [&] { context.progress.note("programs: waiting for another katabuild that compiles them"); });
  return pipeline::explain_full_disk(context.cache.root(), [&] {
    recipe::ProgramsArtifact artifact;
    artifact.folder = output;
    context.progress.begin("programs", "compiling", 0);
    configure(build, context);
    artifact.up_to_date = !compile(build, context);
    const Json known = known_programs(build.folder);
    Json programs = Json::object();
    pipeline::OutputFolder folder(output);
    for (const Program& program : kPrograms) {
      const std::string built = join_path(build.folder, program.path);
      struct stat status {};
      if (::stat(built.c_str(), &status) != 0) throw_errno(errno, "look at {}", built);
      const std::string sha256 = pipeline::remembered_sha256(built, context.cache);
      programs[program.name] = {
          {"sha256", sha256},
          {"size", status.st_size},
          {"components", components_of(build, program, sha256, known, context)}};
      folder.add_file(built, program.name, 0755);
      artifact.programs.push_back(
          {folder.path_of(program.name), sha256, static_cast<std::uint64_t>(status.st_size)});
    }
    const std::string text =
        Json{{"kind", "programs"}, {"programs", std::move(programs)}}.dump(2) + "\n";
    write_file_atomic(join_path(build.folder, kManifestName), text);
    folder.add_text(text, kManifestName);
    artifact.manifest = folder.path_of(kManifestName);
    context.progress.end(artifact.up_to_date ? "" : "compiled");
    return artifact;
  });
}

pipeline::StageStatus programs_status(const std::string& source, const std::string& output,
                                      Context& context) {
  check_tools();
  const NinjaBuild build = build_of(source, context);
  if (!path_exists(join_path(build.folder, "build.ninja")))
    return {.up_to_date = false, .detail = "to be compiled for the first time"};
  const std::uint64_t steps = steps_to_do(build, context);
  if (steps > 0) return {.up_to_date = false, .detail = fmt::format("{} steps to do", steps)};
  for (const Program& program : kPrograms) {
    const std::string copy = join_path(output, program.name);
    if (!path_exists(copy) ||
        pipeline::remembered_sha256(copy, context.cache) !=
            pipeline::remembered_sha256(join_path(build.folder, program.path), context.cache)) {
      return {.up_to_date = false, .detail = "compiled, to be copied"};
    }
  }
  return {.up_to_date = true, .detail = "compiled"};
}

}  // namespace kata::programs
