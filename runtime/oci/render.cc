// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/render_linux.h"
#include "runtime/oci/spec.h"

namespace kata::oci {
namespace {

Json user_to_json(const grpc::User& user) {
  Json out = Json::object();
  out["uid"] = user.uid();
  out["gid"] = user.gid();
  if (user.has_umask()) out["umask"] = user.umask();
  if (user.additional_gids_size() > 0) {
    out["additionalGids"] =
        std::vector<std::uint32_t>(user.additional_gids().begin(), user.additional_gids().end());
  }
  put(out, "username", user.username());
  return out;
}

Json capabilities_to_json(const grpc::LinuxCapabilities& capabilities) {
  Json out = Json::object();
  put(out, "bounding", capabilities.bounding());
  put(out, "effective", capabilities.effective());
  put(out, "inheritable", capabilities.inheritable());
  put(out, "permitted", capabilities.permitted());
  put(out, "ambient", capabilities.ambient());
  return out;
}

Json scheduler_to_json(const grpc::LinuxScheduler& scheduler) {
  Json out = {{"policy", scheduler.policy()}};
  if (scheduler.nice() != 0) out["nice"] = scheduler.nice();
  if (scheduler.priority() != 0) out["priority"] = scheduler.priority();
  put(out, "flags", scheduler.flags());
  if (scheduler.runtime() != 0) out["runtime"] = scheduler.runtime();
  if (scheduler.deadline() != 0) out["deadline"] = scheduler.deadline();
  if (scheduler.period() != 0) out["period"] = scheduler.period();
  return out;
}

Json process_to_json(const grpc::Process& process) {
  Json out = Json::object();
  put(out, "terminal", process.terminal());
  if (process.has_console_size()) {
    out["consoleSize"] = {{"height", process.console_size().height()},
                          {"width", process.console_size().width()}};
  }
  out["user"] = user_to_json(process.user());
  put(out, "args", process.args());
  put(out, "env", process.env());
  out["cwd"] = process.cwd();
  if (process.has_capabilities()) {
    out["capabilities"] = capabilities_to_json(process.capabilities());
  }
  put_all(out, "rlimits", process.rlimits(), [](const grpc::POSIXRlimit& limit) {
    return Json{{"type", limit.type()}, {"hard", limit.hard()}, {"soft", limit.soft()}};
  });
  put(out, "noNewPrivileges", process.no_new_privileges());
  put(out, "apparmorProfile", process.apparmor_profile());
  if (process.has_oom_score_adj()) out["oomScoreAdj"] = process.oom_score_adj();
  put(out, "selinuxLabel", process.selinux_label());
  if (process.has_scheduler()) out["scheduler"] = scheduler_to_json(process.scheduler());
  if (process.has_io_priority()) {
    out["ioPriority"] = {{"class", process.io_priority().class_()},
                         {"priority", process.io_priority().priority()}};
  }
  return out;
}

Json hook_to_json(const grpc::Hook& hook) {
  Json out = {{"path", hook.path()}};
  put(out, "args", hook.args());
  put(out, "env", hook.env());
  if (hook.timeout() != 0) out["timeout"] = hook.timeout();
  return out;
}

Json hooks_to_json(const grpc::Hooks& hooks) {
  Json out = Json::object();
  put_all(out, "prestart", hooks.prestart(), hook_to_json);
  put_all(out, "createRuntime", hooks.create_runtime(), hook_to_json);
  put_all(out, "createContainer", hooks.create_container(), hook_to_json);
  put_all(out, "startContainer", hooks.start_container(), hook_to_json);
  put_all(out, "poststart", hooks.poststart(), hook_to_json);
  put_all(out, "poststop", hooks.poststop(), hook_to_json);
  return out;
}

Json mount_to_json(const grpc::Mount& mount) {
  Json out = {{"destination", mount.destination()}};
  put(out, "type", mount.type());
  put(out, "source", mount.source());
  put(out, "options", mount.options());
  return out;
}

Json spec_to_json(const grpc::Spec& spec) {
  Json out = {{"ociVersion", spec.version()}};
  if (spec.has_process()) out["process"] = process_to_json(spec.process());
  if (spec.has_root()) {
    out["root"] = {{"path", spec.root().path()}};
    put(out["root"], "readonly", spec.root().readonly());
  }
  put(out, "hostname", spec.hostname());
  put(out, "domainname", spec.domainname());
  put_all(out, "mounts", spec.mounts(), mount_to_json);
  if (spec.has_hooks()) out["hooks"] = hooks_to_json(spec.hooks());
  put(out, "annotations", spec.annotations());
  if (spec.has_linux()) out["linux"] = linux_to_json(spec.linux());
  return out;
}

}  // namespace

std::string spec_json(const grpc::Spec& spec, int indent) {
  return spec_to_json(spec).dump(indent);
}

std::string process_json(const grpc::Process& process, int indent) {
  return process_to_json(process).dump(indent);
}

std::string resources_json(const grpc::LinuxResources& resources, int indent) {
  return resources_to_json(resources).dump(indent);
}

}  // namespace kata::oci
