// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/dnf.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/publish.h"
#include "builder/recipe/nearest.h"
#include "builder/rootfs/base/package_cache.h"
#include "builder/rootfs/sandbox/tree_exchange.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat =
    "%{reponame} %{name} %{epoch} %{version} %{release} %{arch} %{location}";
constexpr const char* kArch = "x86_64";

std::string with_variables(std::string url, const std::string& release) {
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"$releasever", release}, {"$basearch", kArch}}) {
    for (std::size_t at = url.find(name); at != std::string::npos; at = url.find(name, at))
      url.replace(at, name.size(), value);
  }
  return url;
}

}  // namespace

std::vector<LockedPackage> packages_of_query(const std::string& output) {
  std::vector<LockedPackage> packages;
  for (const std::string& line : split_text(output)) {
    const std::vector<std::string> words = split_text(line, ' ');
    if (words.empty()) continue;
    if (words.size() != 7)
      throw_error(Code::internal, "choose RPM packages: dnf says \"{}\", which is no package",
                  line);
    LockedPackage package;
    package.repository = words[0];
    package.name = words[1];
    package.version = (words[2] == "0" ? "" : words[2] + ":") + words[3] + "-" + words[4];
    package.arch = words[5];
    package.file = base_name(words[6]);
    packages.push_back(std::move(package));
  }
  return packages;
}

Dnf::Dnf(const recipe::ImageRecipe& recipe, std::string work, pipeline::Context& context)
    : recipe_(recipe), base_(recipe.base.rpm), work_(std::move(work)), context_(context) {
  for (const char* program : {"dnf", "rpm"}) {
    if (!find_program(program))
      throw_error(Code::failed_precondition,
                  "install RPM packages: there is no program {}: install dnf and rpm", program);
  }
  for (const char* folder : {"repos", "packages", "keys"})
    make_directories(join_path(work_, folder));
  // the sandbox's root writes here
  fs::permissions(join_path(work_, "packages"), fs::perms::all);
  write_repositories();
}

/// Keys are copied in; a URL stays what it is, for dnf to fetch.
std::string Dnf::key_url(const std::string& key, std::size_t number) {
  if (key.find("://") != std::string::npos && !key.starts_with("file://")) return key;
  const std::string path = key.starts_with("file://") ? key.substr(7) : key;
  const std::string name = fmt::format("keys/{}", number);
  in_context([&] { pipeline::copy_file(path, join_path(work_, name), 0644); },
             "read a key of base.rpm.repositories");
  return fmt::format("file://{}/{}", kSandboxWork, name);
}

void Dnf::write_repositories() {
  std::size_t keys = 0;
  std::string text;
  for (const recipe::RpmRepository& repository : base_.repositories) {
    text += fmt::format("[{}]\nname={}\nenabled=1\ngpgcheck={}\nrepo_gpgcheck={}\n", repository.id,
                        repository.id, int{repository.gpg_check}, int{repository.repo_gpg_check});
    if (!repository.baseurl.empty()) text += "baseurl=" + repository.baseurl + "\n";
    if (!repository.mirrorlist.empty()) text += "mirrorlist=" + repository.mirrorlist + "\n";
    if (!repository.metalink.empty()) text += "metalink=" + repository.metalink + "\n";
    std::string urls;
    for (const std::string& key : repository.gpg_keys)
      urls += (urls.empty() ? "" : " ") + key_url(key, keys++);
    if (!urls.empty()) text += "gpgkey=" + urls + "\n";
    const std::string url = with_variables(repository.baseurl, base_.release);
    if (!url.starts_with("file://")) continue;
    const std::string folder = clean_path(url.substr(7));
    if (!path_exists(folder)) {
      throw_error(Code::unavailable, "read the RPM repository {}: there is no folder {}",
                  repository.id, folder);
    }
    binds_.push_back({.from = folder, .to = folder});
  }
  write_file(join_path(work_, "repos/katabuild.repo"), text);
  write_file(join_path(work_, "dnf.conf"), "[main]\nplugins=0\n");
}

SandboxPlan Dnf::new_plan() const {
  SandboxPlan plan = new_sandbox_plan(recipe_.limits.size);
  plan.network = true;
  plan.binds = binds_;
  plan.binds.push_back(work_bind(work_));
  return plan;
}

SandboxStep Dnf::step(std::vector<std::string> arguments, const std::string& output) const {
  SandboxStep step;
  step.argv = {"dnf",
               fmt::format("--config={}/dnf.conf", kSandboxWork),
               "--noplugins",
               "--installroot=/tree",
               "--releasever=" + base_.release,
               fmt::format("--forcearch={}", kArch),
               fmt::format("--setopt=reposdir={}/repos", kSandboxWork),
               fmt::format("--setopt=cachedir={}/cache", kSandboxWork),
               "--setopt=persistdir=/var/lib/dnf-state",
               "--setopt=logdir=/var/log",
               "--setopt=retries=2",
               fmt::format("--setopt=install_weak_deps={}", int{base_.weak_dependencies}),
               "--quiet",
               "--assumeyes"};
  for (const std::string& name : base_.exclude) step.argv.push_back("--exclude=" + name);
  step.argv.insert(step.argv.end(), arguments.begin(), arguments.end());
  step.env = sandbox_environment(0);
  for (const char* name : {"http_proxy", "https_proxy", "no_proxy"}) {
    if (const char* value = std::getenv(name); value != nullptr)
      step.env.push_back(fmt::format("{}={}", name, value));
  }
  if (!output.empty()) step.output = join_path(kSandboxWork, output);
  return step;
}

void Dnf::explain(const SandboxResult& result) {
  const std::string& text = result.output;
  for (const std::string& line : split_text(text)) {
    constexpr std::string_view kUnknown = "Unable to find a match: ";
    const std::size_t at = line.find(kUnknown);
    if (at == std::string::npos) continue;
    const std::string rest = line.substr(at + kUnknown.size());
    const std::string name = rest.substr(0, rest.find(' '));
    SandboxPlan plan = new_plan();
    plan.steps = {step({"repoquery", "--qf", "%{name}"}, "names")};
    std::string near;
    if (run_sandbox(plan, context_).failed < 0) {
      const std::vector<std::string> known = split_text(read_file(join_path(work_, "names")));
      for (const std::string& other : recipe::nearest_names(name, known, 3))
        near += (near.empty() ? ": did you mean " : ", ") + other;
    }
    throw_error(Code::not_found, "base.rpm.packages: the repositories have no package {}{}", name,
                near);
  }
  const auto has = [&](const char* sign) { return text.find(sign) != std::string::npos; };
  if (has(pipeline::kNoSpace))
    throw_error(Code::resource_exhausted, "choose the RPM packages:{}", output_end(text));
  if (has("is not signed") || has("GPG check FAILED") || has("key retrieval failed") ||
      has("Public key for") || has("Failed to retrieve GPG key") || has("GPG verification")) {
    throw_error(Code::failed_precondition,
                "check the signatures of the RPM packages against the recipe's gpg_keys:{}",
                output_end(text));
  }
  if (has("Failed to download metadata") || has("Cannot download") || has("Curl error")) {
    throw_error(Code::unavailable,
                "read the RPM repositories: one cannot be reached (is this machine offline?):{}",
                output_end(text));
  }
  throw_error(Code::failed_precondition, "choose the RPM packages: dnf: exit status {}:{}",
              result.status, output_end(text));
}

PackageLock Dnf::choose() {
  SandboxPlan plan = new_plan();
  std::vector<std::string> install = {
      "--downloadonly", fmt::format("--destdir={}/packages", kSandboxWork), "install"};
  install.insert(install.end(), base_.packages.begin(), base_.packages.end());
  plan.steps = {step(std::move(install), ""), step({"repoquery", "--qf", kFormat}, "query"),
                step({"repoquery", "--location"}, "urls")};
  const SandboxResult result = run_sandbox(plan, context_);
  if (result.failed >= 0) explain(result);
  std::map<std::string, std::string> urls;
  for (const std::string& url : split_text(read_file(join_path(work_, "urls"))))
    urls[std::string(base_name(url))] = url;
  PackageLock lock;
  lock.base_sha256 = base_digest(recipe_.base);
  std::map<std::string, LockedPackage> known;
  for (LockedPackage& package : packages_of_query(read_file(join_path(work_, "query"))))
    known[package.file] = package;
  for (const auto& entry : fs::directory_iterator(join_path(work_, "packages"))) {
    const std::string file = entry.path().filename().string();
    const auto found = known.find(file);
    if (found == known.end())
      throw_error(Code::internal,
                  "choose the RPM packages: dnf fetched {}, which no repository has", file);
    LockedPackage package = found->second;
    package.sha256 = pipeline::sha256_of_file(entry.path().string());
    package.size = entry.file_size();
    package.url = urls[file];
    lock.packages.push_back(std::move(package));
  }
  for (const LockedPackage& package : lock.packages) {
    const std::string file = join_path(work_, "packages/" + package.file);
    const std::string own = join_path(work_, "keep");  // the sandbox's root owns the other
    pipeline::copy_file(file, own, 0644);
    keep_package(own, package, context_);
  }
  normalize(lock);
  return lock;
}

}  // namespace kata::rootfs
