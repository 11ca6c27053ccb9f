// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/build_packages.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "builder/archive/compress.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/parallel.h"
#include "builder/pipeline/publish.h"
#include "builder/rpm/inputs.h"
#include "builder/rpm/package_files.h"
#include "builder/rpm/packages_manifest.h"
#include "builder/rpm/release_facts.h"
#include "builder/rpm/rpm_tools.h"
#include "builder/rpm/rpmbuild.h"
#include "builder/rpm/sign.h"
#include "builder/rpm/spec.h"
#include "builder/sbom/program_components.h"
#include "builder/sbom/spdx.h"
#include "builder/signing/signing_key.h"
#include "builder/signing/trial_key.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rpm {
namespace {

using pipeline::Context;
using recipe::PackageRecipe;
using recipe::RpmArtifact;

// Part of every package's inputs: raise it when a change here makes other bytes from the same
// inputs.
constexpr int kProcedure = 2;
constexpr std::size_t kJobsAtOnce = 2;
constexpr const char* kSbomSuffix = ".spdx.json";

/// What all packages of one run share.
struct Build {
  const PackageRecipe& recipe;
  Context& context;
  std::string work;
  Inputs inputs{};
  std::shared_ptr<const signing::SigningKey> key{};  ///< null: packages stay unsigned
  std::string rpm_version{};
  std::string host_release{};
  std::int64_t timestamp = 0;
  std::mutex tarballs_lock{};
  std::map<std::string, std::string> tarballs{};  ///< by their digest: made once for all releases
};

/// One package for one release.
struct Job {
  const recipe::PackageEntry* entry = nullptr;
  const ReleaseFacts* release = nullptr;
  std::string spec{};
  std::vector<archive::TarFile> files{};
  std::string files_digest{};
  std::vector<archive::TarFile> source{};  ///< may be empty
  std::string source_name{};
  std::string source_digest{};
  std::string version{};
  bool binaries = true;
  std::string inputs_sha256{};
};

/// What a package is compiled or made of. The kernel and the image get their recipes only, so that
/// a change of the runtime is no reason to make them anew.
void plan_source(const Build& build, Job& job) {
  const std::string& name = job.entry->name;
  if (name == "kata-release") return;
  job.source_name = "kata-" + build.recipe.version;
  job.source = build.inputs.source;
  if (name == "kata-kernel" || name == "kata-image") {
    const std::string folder = job.source_name + (name == "kata-kernel" ? "/kernel/" : "/rootfs/");
    std::erase_if(job.source,
                  [&](const archive::TarFile& file) { return !file.path.starts_with(folder); });
    job.source_name = fmt::format("{}-{}-recipe", name, job.version);
  }
  job.source_digest = job.source.size() == build.inputs.source.size()
                          ? build.inputs.source_digest
                          : archive::tar_digest(job.source);
}

Job plan_job(const Build& build, const recipe::PackageEntry& entry, const ReleaseFacts& release) {
  Job job{.entry = &entry, .release = &release};
  const Values values = spec_values(build.recipe, entry, release, build.inputs, build.timestamp);
  job.version = values.at("VERSION");
  job.spec = spec_text(build.recipe, entry.name, values);
  job.files = package_files(entry.name, build.recipe, build.inputs, values,
                            build.key ? build.key->public_key() : "", build.work);
  job.files_digest = archive::tar_digest(job.files);
  plan_source(build, job);
  // Dynamically linked: a package of it is only right when made on the release it is for.
  job.binaries = entry.name != "katabuild" || build.host_release == release.name;
  job.inputs_sha256 = pipeline::sha256_of_text(
      fmt::format("katabuild rpm {}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", kProcedure,
                  build.rpm_version, build.timestamp, job.spec, job.files_digest, job.source_digest,
                  entry.name == "kata-kernel" ? build.inputs.kernel.source_sha256 : "",
                  job.binaries, build.key ? build.key->facts().fingerprint : "unsigned"));
  return job;
}

std::vector<Job> plan_jobs(const Build& build) {
  std::vector<Job> jobs;
  for (const std::string& release : build.recipe.releases) {
    for (const recipe::PackageEntry& entry : build.recipe.packages) {
      if (std::find(entry.releases.begin(), entry.releases.end(), release) == entry.releases.end())
        continue;
      if (entry.name == "kata-release" && !build.key)
        throw_error(Code::invalid_argument,
                    "{}: kata-release installs the public key, but there is no key: add "
                    "\"signing\" to the recipe, or try it with --trial-key",
                    build.recipe.file);
      if (build.key) check_key_for(release_facts(release), build.key->facts());
      jobs.push_back(plan_job(build, entry, release_facts(release)));
    }
  }
  return jobs;
}

/// NAME as a .tar.gz in the work folder.
std::string tarball(Build& build, const std::string& name,
                    const std::vector<archive::TarFile>& files, const std::string& digest) {
  const std::lock_guard lock(build.tarballs_lock);
  std::string& path = build.tarballs[name + " " + digest];
  if (!path.empty()) return path;
  const std::string folder = join_path(build.work, digest);
  make_directories(folder);
  const std::string plain = join_path(folder, "tar");
  archive::write_tar(files, build.timestamp, plain);
  std::string packed = join_path(folder, name + ".tar.gz");
  archive::compress_file(plain, packed, {recipe::CompressionType::gzip, 6});
  std::filesystem::remove(plain);
  return path = packed;
}

/// The Name in the spec file.
std::string rpm_name(const Job& job) {
  return job.entry->name == "kata-release" ? "kata-release-" + job.release->name : job.entry->name;
}

/// The libraries and sources in a package's files.
std::vector<recipe::Component> components_of(const Build& build, const Job& job) {
  std::vector<recipe::Component> components;
  const auto add_program = [&](const char* name) {
    sbom::merge_components(components, sbom::program_components(program_path(build.recipe, name),
                                                                build.context.cache));
  };
  const std::string& name = job.entry->name;
  if (name == "kata-kernel") return build.inputs.kernel.components;
  if (name == "kata-image") return build.inputs.image_components;
  if (build.recipe.from_source) return components;  // rpmbuild's own folder is gone by now
  if (name == "kata-agent") add_program("kata-agent");
  if (name == "kata-runtime") {
    add_program("kata-runtime");
    add_program("containerd-shim-kata-v2");
  }
  return components;
}

std::string license_in(const std::string& spec) {
  constexpr std::string_view kTag = "\nLicense:";
  const std::size_t at = spec.find(kTag);
  if (at == std::string::npos) return {};
  const std::size_t begin = spec.find_first_not_of(" \t", at + kTag.size());
  return spec.substr(begin, spec.find('\n', begin) - begin);
}

std::string sbom_of(const Build& build, const Job& job, const RpmArtifact& artifact) {
  const std::string version =
      fmt::format("{}-{}.{}", job.version, build.recipe.release, job.release->name);
  const std::string name = rpm_name(job);
  return sbom::spdx_document(
      {.name = name,
       .version = version,
       .file_name = std::string(base_name(artifact.file.path)),
       .license = license_in(job.spec),
       .supplier = build.recipe.vendor,
       .purl =
           fmt::format("pkg:rpm/{}/{}@{}?arch={}", build.recipe.name, name, version, artifact.arch),
       .sha256 = "",
       .files = sbom::files_of_archive(artifact.file.path),
       .components =
           artifact.arch == "src" ? std::vector<recipe::Component>() : components_of(build, job),
       .timestamp = build.timestamp});
}

RpmArtifact publish(const std::string& made, const Build& build, const Job& job,
                    const std::string& output) {
  RpmArtifact artifact;
  artifact.name = job.entry->name;
  artifact.release = job.release->name;
  const bool is_source = made.ends_with(".src.rpm");
  artifact.arch = is_source ? "src" : std::string(base_name(parent_path(made)));
  const std::string folder =
      join_path(output, join_path(job.release->name, is_source ? "SRPMS" : artifact.arch));
  struct stat status {};
  if (::stat(made.c_str(), &status) != 0) throw_errno(errno, "look at {}", made);
  artifact.file = {join_path(folder, base_name(made)), pipeline::sha256_of_file(made),
                   static_cast<std::uint64_t>(status.st_size)};
  pipeline::OutputFolder target(folder);
  const std::string name(base_name(made));
  target.add_file(made, name);
  target.add_text(sbom_of(build, job, artifact), name + kSbomSuffix);
  artifact.sbom = target.path_of(name + kSbomSuffix);
  return artifact;
}

std::vector<RpmArtifact> run_job(Build& build, const Job& job, const std::string& output) {
  const std::string& name = job.entry->name;
  BuildRequest request{.name = rpm_name(job), .spec = job.spec, .dist = job.release->name};
  if (!job.source.empty())
    request.sources.push_back(tarball(build, job.source_name, job.source, job.source_digest));
  request.sources.push_back(
      tarball(build, fmt::format("{}-{}-files", name, job.version), job.files, job.files_digest));
  if (name == "kata-kernel" && !build.inputs.kernel.source.empty())
    request.sources.push_back(build.inputs.kernel.source);
  request.timestamp = build.timestamp;
  request.binaries = job.binaries;
  request.check_build_deps = !build.host_release.empty();
  const pipeline::WorkFolder work(
      join_path(build.work, fmt::format("{}-{}", name, job.release->name)));
  const std::vector<std::string> made = run_rpmbuild(request, work.path(), build.context);
  if (build.key) sign_packages(made, *job.release, *build.key, build.context);
  std::vector<RpmArtifact> artifacts;
  for (const std::string& path : made) artifacts.push_back(publish(path, build, job, output));
  return artifacts;
}

/// Each package is in the manifest as soon as it is there: a killed run loses the one at work.
recipe::PackagesArtifact run_jobs(Build& build, const std::vector<Job>& jobs,
                                  const std::string& output) {
  pipeline::OutputFolder folder(output);
  PackagesManifest manifest(output);
  recipe::PackagesArtifact result;
  result.manifest = join_path(output, kManifestName);
  if (build.key) {
    const std::string id = build.recipe.repository.value_or(recipe::RepositoryRecipe{}).id;
    result.public_key = join_path(output, "RPM-GPG-KEY-" + id);
    result.fingerprint = build.key->facts().fingerprint;
    folder.add_text(build.key->public_key(), "RPM-GPG-KEY-" + id);
  }
  std::vector<std::vector<RpmArtifact>> made;
  std::vector<std::size_t> missing;
  for (const Job& job : jobs) {
    made.push_back(
        manifest.find(job.entry->name, job.release->name, job.inputs_sha256, build.context.cache));
    if (made.back().empty()) missing.push_back(made.size() - 1);
  }
  build.context.progress.begin("rpm", fmt::format("{} packages", missing.size()), missing.size());
  std::mutex manifest_lock;
  // rpmbuild spends most of its time compressing on one processor
  pipeline::run_parallel(missing.size(), kJobsAtOnce, [&](std::size_t i) {
    const Job& job = jobs[missing[i]];
    const std::string& name = job.entry->name;
    const std::string& release = job.release->name;
    std::vector<RpmArtifact>& files = made[missing[i]];
    files =
        in_context([&] { return run_job(build, job, output); }, "package {} for {}", name, release);
    build.context.progress.step(name + " " + release);
    const std::lock_guard lock(manifest_lock);
    manifest.replace(name, release, job.inputs_sha256, files);
    folder.add_text(manifest.text(result.fingerprint), kManifestName);
  });
  for (const std::vector<RpmArtifact>& files : made)
    result.packages.insert(result.packages.end(), files.begin(), files.end());
  build.context.progress.end(
      fmt::format("{} packages and source packages", result.packages.size()));
  return result;
}

std::string read_host_release() {
  return release_of_host(read_file_if_exists("/etc/os-release").value_or(""));
}

/// Calls `body` with the build and its jobs, all inputs gathered and checked.
template <typename Body>
auto with_plan(const PackageRecipe& recipe, const std::string& output, Context& context,
               Body body) {
  check_tools(recipe.signing.has_value(),
              [](const std::string& name) { return find_program(name).has_value(); });
  context.cache.remove_stale_work();
  const std::string id = pipeline::sha256_of_text(output);
  const pipeline::FileLock lock = context.cache.lock("rpm", id, [&] {
    context.progress.note("rpm: waiting for another katabuild that writes the same packages");
  });
  return pipeline::explain_full_disk(context.cache.root(), [&] {
    const pipeline::WorkFolder work(context.cache.work_path("rpm", id));
    Build build{.recipe = recipe, .context = context, .work = work.path()};
    build.inputs = gather_inputs(recipe, context);
    if (recipe.signing)
      build.key = signing::open_signing_key(
          signing::with_trial_place(*recipe.signing, context.cache.root()), context.runner);
    build.rpm_version = rpmbuild_version(context.runner);
    build.host_release = read_host_release();
    build.timestamp = pipeline::build_time(context, recipe.timestamp);
    return body(build, plan_jobs(build));
  });
}

}  // namespace

recipe::PackagesArtifact build_packages(const PackageRecipe& recipe, const std::string& output,
                                        Context& context) {
  return with_plan(recipe, output, context, [&](Build& build, const std::vector<Job>& jobs) {
    return run_jobs(build, jobs, output);
  });
}

std::vector<RpmArtifact> built_packages(const std::string& output) {
  return PackagesManifest(output).all();
}

pipeline::StageStatus packages_status(const PackageRecipe& recipe, const std::string& output,
                                      Context& context) {
  return with_plan(recipe, output, context, [&](Build& build, const std::vector<Job>& jobs) {
    const PackagesManifest manifest(output);
    std::string missing;
    std::size_t count = 0;
    for (const Job& job : jobs) {
      if (!manifest.find(job.entry->name, job.release->name, job.inputs_sha256, build.context.cache)
               .empty())
        continue;
      missing +=
          fmt::format("{}{} {}", count++ == 0 ? "" : ", ", job.entry->name, job.release->name);
    }
    if (count == 0)
      return pipeline::StageStatus{.up_to_date = true,
                                   .detail = fmt::format("{} packages", jobs.size())};
    return pipeline::StageStatus{
        .up_to_date = false,
        .detail = fmt::format("{} of {} to be built: {}", count, jobs.size(), missing)};
  });
}

}  // namespace kata::rpm
