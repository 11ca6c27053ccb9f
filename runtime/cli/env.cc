// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/env.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/cli/shim_process.h"
#include "runtime/config/load.h"
#include "runtime/config/verity.h"
#include "runtime/hypervisor/guest_image.h"
#include "runtime/hypervisor/vm_plan.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

/// The value of NAME=VALUE or of "name : value" in a file of such lines; empty when it is not
/// there.
std::string value_in(const std::string& path, std::string_view name, char separator) {
  const std::optional<std::string> text = read_file_if_exists(path);
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t at = line.find(separator);
    if (!line.starts_with(name) || at == std::string_view::npos) continue;
    std::string_view value = line.substr(at + 1);
    const std::size_t first = value.find_first_not_of(" \t\"");
    if (first == std::string_view::npos) return {};
    value = value.substr(first, value.find_last_not_of(" \t\"") + 1 - first);
    return std::string(value);
  }
  return {};
}

std::string_view cgroup_mode_name(hypervisor::CgroupMode mode) {
  switch (mode) {
    case hypervisor::CgroupMode::none:
      return "none";
    case hypervisor::CgroupMode::v1:
      return "v1";
    case hypervisor::CgroupMode::hybrid:
      return "hybrid";
    case hypervisor::CgroupMode::v2:
      return "v2";
  }
  return "unknown";
}

Json host_json(const hypervisor::HostProbe& probe) {
  utsname names{};
  ::uname(&names);
  return {{"Kernel", names.release},
          {"Architecture", names.machine},
          {"Distro", value_in("/etc/os-release", "PRETTY_NAME", '=')},
          {"CPU", value_in("/proc/cpuinfo", "model name", ':')},
          {"CPUs", probe.cpus},
          {"MemoryMiB", probe.memory_mib},
          {"KVM", probe.kvm_usable},
          {"KVMReason", probe.kvm_reason},
          {"VhostVsock", probe.vhost_vsock},
          {"VhostNet", probe.vhost_net},
          {"Cgroups", cgroup_mode_name(probe.cgroups)}};
}

/// What the image itself shows, beside what the configuration says of it.
Json image_json(const config::Hypervisor& hypervisor) {
  try {
    const hypervisor::GuestImage image = hypervisor::read_guest_image(hypervisor.image);
    const std::string& parameters = hypervisor.kernel_verity_params;
    return {
        {"Path", image.path},
        {"Format", image.format},
        {"SizeMiB", image.disk_size >> 20},
        {"Partitions", hypervisor::to_string(image.table)},
        {"Filesystem", image.filesystem},
        {"DAXHeader", image.dax_offset.has_value()},
        {"VerityRootHash", parameters.empty() ? "" : config::parse_verity(parameters).root_hash}};
  } catch (const Error& error) {
    return {{"Path", hypervisor.image}, {"Error", error.what()}};
  }
}

/// "agent channel" as a key among the others: "AgentChannel".
std::string camel_case(std::string_view words) {
  std::string name;
  bool begins = true;
  for (const char letter : words) {
    const bool is_small = letter >= 'a' && letter <= 'z';
    if (letter != ' ') name += static_cast<char>(begins && is_small ? letter - 'a' + 'A' : letter);
    begins = letter == ' ';
  }
  return name;
}

/// What a container would get: "auto" says nothing to who reads a bug report.
Json chosen_json(const config::Config& config, const hypervisor::HostProbe& probe) {
  Json chosen = Json::object();
  try {
    for (const hypervisor::Finding& choice : hypervisor::plan_vm(config, probe).choices) {
      chosen[camel_case(choice.name)] =
          choice.value + (choice.reason.empty() ? "" : " (" + choice.reason + ")");
    }
  } catch (const Error& error) {
    chosen["Error"] = error.what();
  }
  return chosen;
}

std::string shim_path() {
  std::string path;
  ignore_error([&] { path = shim_program(); }, "`check` says what to do about it");
  return path;
}

}  // namespace

void add_env(CommandLine& line) {
  const auto options = std::make_shared<EnvOptions>();
  Verb verb = line.verb("env", "Print what is installed and how it is configured", "kata-env");
  verb.flag("--json", options->json, "As JSON");
  verb.run([options](Runtime& runtime) { return run_env(*options, runtime); });
}

Json environment_json(const config::Config& config, const hypervisor::HostProbe& probe) {
  const config::Hypervisor& hypervisor = config.hypervisor;
  Json sections = Json::object();
  sections["Meta"] = {{"Version", "1.0.0"}};
  sections["Runtime"] = {{"Version", KATA_VERSION},
                         {"OCIVersion", oci::kSpecVersion},
                         {"Shim", shim_path()},
                         {"ConfigFiles", config.files},
                         {"KeysWithoutEffect", config.without_effect},
                         {"Debug", config.runtime.enable_debug},
                         {"InternetworkingModel", config.runtime.internetworking_model},
                         {"SandboxCgroupOnly", config.runtime.sandbox_cgroup_only},
                         {"DisableGuestSeccomp", config.runtime.disable_guest_seccomp}};
  sections["Hypervisor"] = {{"Path", probe.qemu.path},
                            {"Version", probe.qemu.version},
                            {"MachineType", hypervisor.machine_type},
                            {"Accelerator", hypervisor.accelerator},
                            {"Kernel", hypervisor.kernel},
                            {"KernelParams", hypervisor.kernel_params},
                            {"Initrd", hypervisor.initrd},
                            {"Image", hypervisor.image},
                            {"RootfsType", hypervisor.rootfs_type},
                            {"KernelVerityParams", hypervisor.kernel_verity_params},
                            {"DisableImageNVDIMM", hypervisor.disable_image_nvdimm},
                            {"GuestHookPath", hypervisor.guest_hook_path},
                            {"DefaultVCPUs", hypervisor.default_vcpus},
                            {"DefaultMemoryMiB", hypervisor.default_memory},
                            {"SharedFS", hypervisor.shared_fs},
                            {"VirtioFSDaemon", probe.virtiofsd},
                            {"BlockDeviceDriver", hypervisor.block_device_driver},
                            {"Debug", hypervisor.enable_debug}};
  if (!hypervisor.image.empty()) sections["GuestImage"] = image_json(hypervisor);
  sections["Agent"] = {{"Debug", config.agent.enable_debug},
                       {"DebugConsole", config.agent.debug_console_enabled},
                       {"DialTimeoutSeconds", config.agent.dial_timeout}};
  sections["Chosen"] = chosen_json(config, probe);
  sections["Host"] = host_json(probe);
  return sections;
}

std::string toml_text(const Json& sections) {
  std::string text;
  for (const auto& [name, section] : sections.items()) {
    text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", name);
    // JSON's strings, numbers, booleans and arrays of strings are TOML's too.
    for (const auto& [key, value] : section.items())
      text += fmt::format("  {} = {}\n", key, value.dump());
  }
  return text;
}

int run_env(const EnvOptions& options, Runtime& runtime) {
  const config::Config config =
      config::load_config(config::sources_from_environment(runtime.globals.config));
  RealCommandRunner runner;
  hypervisor::ProbeOptions probe_options;
  probe_options.qemu_path = config.hypervisor.path;
  probe_options.virtiofsd_path = config.hypervisor.virtio_fs_daemon;
  const Json sections = environment_json(config, hypervisor::probe_host(runner, probe_options));
  std::fputs(options.json ? (sections.dump(2) + "\n").c_str() : toml_text(sections).c_str(),
             stdout);
  return 0;
}

}  // namespace kata::cli
