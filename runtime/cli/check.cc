// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/check.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/cli/rootless_findings.h"
#include "runtime/cli/shim_process.h"
#include "runtime/config/load.h"
#include "runtime/hypervisor/vm_plan.h"

namespace kata::cli {
namespace {

using hypervisor::Finding;

Finding configuration_finding(const config::Config& config) {
  std::string files;
  for (const std::string& file : config.files) files += (files.empty() ? "" : ", ") + file;
  return {.name = "configuration",
          .value = files.empty() ? "built-in defaults" : files,
          .reason = files.empty() ? "no configuration.toml on this host" : "",
          .what_to_do = "",
          .ok = true};
}

Finding file_finding(const std::string& name, const std::string& path, const std::string& package) {
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  return {
      .name = name,
      .value = path,
      .reason = there ? fmt::format("{} KiB", status.st_size / 1024) : "there is no such file",
      .what_to_do =
          there ? "" : fmt::format("install {}, or name the file in configuration.toml", package),
      .ok = there};
}

Finding shim_finding() {
  try {
    return {.name = "sandbox process",
            .value = shim_program(),
            .reason = "",
            .what_to_do = "",
            .ok = true};
  } catch (const Error& error) {
    return {.name = "sandbox process",
            .value = "missing",
            .reason = error.what(),
            .what_to_do = "install the package kata-runtime whole",
            .ok = false};
  }
}

/// What a container would get on this host: the same plan that `create` makes, with its reasons.
/// What the plan misses is a finding too.
void add_choices(std::vector<Finding>& all, const config::Config& config,
                 const hypervisor::HostProbe& probe) {
  try {
    for (Finding& made : hypervisor::plan_vm(config, probe).choices) {
      made.name = "chosen: " + made.name;
      all.push_back(std::move(made));
    }
  } catch (const Error& error) {
    all.push_back({.name = "virtual machine",
                   .value = "cannot be planned",
                   .reason = error.what(),
                   .what_to_do = "",
                   .ok = false});
  }
}

}  // namespace

void add_check(CommandLine& line) {
  const auto options = std::make_shared<CheckOptions>();
  Verb verb = line.verb("check", "Tell whether and how this host can run containers", "kata-check");
  verb.flag("--verbose", options->verbose, "Accepted: everything is printed anyway");
  verb.run([options](Runtime& runtime) { return run_check(*options, runtime); });
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  bool all_ok = true;
  for (const Finding& finding : findings) {
    all_ok = all_ok && finding.ok;
    text += fmt::format("{} {}: {}", finding.ok ? "[ok]  " : "[FAIL]", finding.name, finding.value);
    if (!finding.reason.empty()) text += fmt::format(" ({})", finding.reason);
    text += '\n';
    if (!finding.what_to_do.empty()) text += fmt::format("       -> {}\n", finding.what_to_do);
  }
  text += all_ok ? "System can run containers in virtual machines\n"
                 : "System cannot run containers in virtual machines: see the lines with [FAIL]\n";
  return text;
}

int run_check(const CheckOptions&, Runtime& runtime) {
  const config::Config config =
      config::load_config(config::sources_from_environment(runtime.globals.config));
  RealCommandRunner runner;
  hypervisor::ProbeOptions probe_options;
  probe_options.qemu_path = config.hypervisor.path;
  probe_options.virtiofsd_path = config.hypervisor.virtio_fs_daemon;
  const hypervisor::HostProbe probe = hypervisor::probe_host(runner, probe_options);

  std::vector<Finding> all = {configuration_finding(config), shim_finding()};
  for (Finding& finding : hypervisor::findings(probe)) all.push_back(std::move(finding));
  all.push_back(file_finding("guest kernel", config.hypervisor.kernel, "the package kata-kernel"));
  const bool has_image = !config.hypervisor.image.empty() && config.hypervisor.initrd.empty();
  all.push_back(file_finding(has_image ? "guest image" : "guest initrd",
                             has_image ? config.hypervisor.image : config.hypervisor.initrd,
                             "the package kata-image"));
  add_choices(all, config, probe);
  for (Finding& finding : rootless_findings(current_user(), probe))
    all.push_back(std::move(finding));
  std::fputs(findings_text(all).c_str(), stdout);
  return std::all_of(all.begin(), all.end(), [](const Finding& f) { return f.ok; }) ? 0 : 1;
}

}  // namespace kata::cli
