// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/cli/rootless_findings.h"
#include "runtime/cli/shim_process.h"
#include "runtime/config/load.h"
#include "runtime/hypervisor/vm_plan.h"
#include "runtime/oci/differences.h"

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

Finding without_effect_finding(const std::vector<std::string>& keys) {
  return {.name = "configuration keys without effect",
          .value = fmt::format("{}", fmt::join(keys, ", ")),
          .reason = "upstream's, which nothing here uses",
          .what_to_do = "take them out, or do not rely on them",
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

/// Whether PCI devices can be handed over; see sandbox/host_vfio.h.
Finding vfio_finding() {
  std::error_code none;
  const std::filesystem::directory_iterator groups("/sys/kernel/iommu_groups", none);
  const auto count = std::distance(begin(groups), end(groups));
  if (count > 0)
    return {.name = "VFIO",
            .value = fmt::format("{} IOMMU groups", count),
            .reason = "--device /dev/vfio/NUMBER hands the PCI devices of one over",
            .what_to_do = "",
            .ok = true};
  return {.name = "VFIO",
          .value = "not possible",
          .reason = "the host has no IOMMU groups",
          .what_to_do =
              "to hand over PCI devices: enable the IOMMU in the firmware (VT-d, AMD-Vi) "
              "and the kernel (intel_iommu=on)",
          .ok = true};
}

Finding differences_finding() {
  return {.name = "differences from runc",
          .value = std::to_string(oci::differences().size()),
          .reason =
              "check --verbose and features tell each; whatever else cannot be carried out is "
              "refused with an error",
          .what_to_do = "",
          .ok = true};
}

}  // namespace

void add_check(CommandLine& line) {
  const auto options = std::make_shared<CheckOptions>();
  Verb verb = line.verb("check", "Tell whether and how this host can run containers", "kata-check");
  verb.flag("--verbose", options->verbose, "Tell field by field what differs from runc, too");
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

std::string differences_text() {
  std::string text = "What a virtual machine makes different from runc:\n";
  for (const oci::Difference& difference : oci::differences())
    text += fmt::format("  {}: {}\n", difference.field, difference.what);
  return text;
}

int run_check(const CheckOptions& options, Runtime& runtime) {
  const config::Config config =
      config::load_config(config::sources_from_environment(runtime.globals.config));
  RealCommandRunner runner;
  hypervisor::ProbeOptions probe_options;
  probe_options.qemu_path = config.hypervisor.path;
  probe_options.virtiofsd_path = config.hypervisor.virtio_fs_daemon;
  const hypervisor::HostProbe probe = hypervisor::probe_host(runner, probe_options);

  std::vector<Finding> all = {configuration_finding(config), shim_finding()};
  if (!config.without_effect.empty())
    all.insert(all.begin() + 1, without_effect_finding(config.without_effect));
  for (Finding& finding : hypervisor::findings(probe)) all.push_back(std::move(finding));
  all.push_back(file_finding("guest kernel", config.hypervisor.kernel, "the package kata-kernel"));
  const bool has_image = !config.hypervisor.image.empty() && config.hypervisor.initrd.empty();
  all.push_back(file_finding(has_image ? "guest image" : "guest initrd",
                             has_image ? config.hypervisor.image : config.hypervisor.initrd,
                             "the package kata-image"));
  add_choices(all, config, probe);
  for (Finding& finding : rootless_findings(current_user(), probe))
    all.push_back(std::move(finding));
  all.push_back(vfio_finding());
  all.push_back(differences_finding());
  if (options.verbose) std::fputs(differences_text().c_str(), stdout);
  std::fputs(findings_text(all).c_str(), stdout);
  return std::all_of(all.begin(), all.end(), [](const Finding& f) { return f.ok; }) ? 0 : 1;
}

}  // namespace kata::cli
