// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/log.h"
#include "runtime/oci/json_object.h"
#include "runtime/oci/parse_linux.h"
#include "runtime/oci/spec.h"

namespace kata::oci {
namespace {

void read_user(ObjectReader& in, grpc::User& out) {
  in.integer<std::uint32_t>("uid", [&](auto v) { out.set_uid(v); });
  in.integer<std::uint32_t>("gid", [&](auto v) { out.set_gid(v); });
  in.integers<std::uint32_t>("additionalGids", [&](auto v) { out.add_additional_gids(v); });
  in.string("username", out.mutable_username());
  in.integer<std::uint32_t>("umask", [&](auto v) { out.set_umask(v); });
}

void read_scheduler(ObjectReader& in, grpc::LinuxScheduler& out) {
  in.string("policy", out.mutable_policy());
  in.integer<std::int32_t>("nice", [&](auto v) { out.set_nice(v); });
  in.integer<std::uint32_t>("priority", [&](auto v) { out.set_priority(v); });
  in.strings("flags", out.mutable_flags());
  in.integer<std::uint64_t>("runtime", [&](auto v) { out.set_runtime(v); });
  in.integer<std::uint64_t>("deadline", [&](auto v) { out.set_deadline(v); });
  in.integer<std::uint64_t>("period", [&](auto v) { out.set_period(v); });
}

void read_process(ObjectReader& in, grpc::Process& out) {
  out.set_terminal(in.boolean("terminal"));
  in.object("consoleSize", [&](ObjectReader& o) {
    grpc::Box* size = out.mutable_console_size();
    o.integer<std::uint32_t>("height", [&](auto v) { size->set_height(v); });
    o.integer<std::uint32_t>("width", [&](auto v) { size->set_width(v); });
  });
  in.object("user", [&](ObjectReader& o) { read_user(o, *out.mutable_user()); });
  in.strings("args", out.mutable_args());
  in.strings("env", out.mutable_env());
  in.string("cwd", out.mutable_cwd());
  in.object("capabilities", [&](ObjectReader& o) {
    grpc::LinuxCapabilities* capabilities = out.mutable_capabilities();
    o.strings("bounding", capabilities->mutable_bounding());
    o.strings("effective", capabilities->mutable_effective());
    o.strings("inheritable", capabilities->mutable_inheritable());
    o.strings("permitted", capabilities->mutable_permitted());
    o.strings("ambient", capabilities->mutable_ambient());
  });
  in.objects("rlimits", [&](ObjectReader& o) {
    grpc::POSIXRlimit* limit = out.add_rlimits();
    o.string("type", limit->mutable_type());
    o.integer<std::uint64_t>("hard", [&](auto v) { limit->set_hard(v); });
    o.integer<std::uint64_t>("soft", [&](auto v) { limit->set_soft(v); });
  });
  out.set_no_new_privileges(in.boolean("noNewPrivileges"));
  in.string("apparmorProfile", out.mutable_apparmor_profile());
  in.integer<std::int32_t>("oomScoreAdj", [&](auto v) { out.set_oom_score_adj(v); });
  in.string("selinuxLabel", out.mutable_selinux_label());
  in.object("scheduler", [&](ObjectReader& o) { read_scheduler(o, *out.mutable_scheduler()); });
  in.object("ioPriority", [&](ObjectReader& o) {
    grpc::LinuxIOPriority* priority = out.mutable_io_priority();
    o.string("class", priority->mutable_class_());
    o.integer<std::uint32_t>("priority", [&](auto v) { priority->set_priority(v); });
  });
  in.refuse("execCPUAffinity", "CPU affinities are not supported");
  in.refuse("commandLine", "it is for Windows; args are the program's");
}

void read_hooks(ObjectReader& in, const char* key,
                google::protobuf::RepeatedPtrField<grpc::Hook>* out) {
  in.objects(key, [&](ObjectReader& o) {
    grpc::Hook* hook = out->Add();
    o.string("path", hook->mutable_path());
    o.strings("args", hook->mutable_args());
    o.strings("env", hook->mutable_env());
    o.integer<std::int64_t>("timeout", [&](auto v) {
      // Zero stands for "none" from here on, and may not be written.
      if (v <= 0)
        throw_error(Code::invalid_argument, "hooks.{}: timeout {} is not above 0", key, v);
      hook->set_timeout(v);
    });
  });
}

void read_all_hooks(ObjectReader& in, grpc::Hooks& out) {
  read_hooks(in, "prestart", out.mutable_prestart());
  read_hooks(in, "createRuntime", out.mutable_create_runtime());
  read_hooks(in, "createContainer", out.mutable_create_container());
  read_hooks(in, "startContainer", out.mutable_start_container());
  read_hooks(in, "poststart", out.mutable_poststart());
  read_hooks(in, "poststop", out.mutable_poststop());
}

void read_spec(ObjectReader& in, grpc::Spec& out) {
  in.string("ociVersion", out.mutable_version());
  in.object("process", [&](ObjectReader& o) { read_process(o, *out.mutable_process()); });
  in.object("root", [&](ObjectReader& o) {
    grpc::Root* root = out.mutable_root();
    o.string("path", root->mutable_path());
    root->set_readonly(o.boolean("readonly"));
  });
  in.string("hostname", out.mutable_hostname());
  in.string("domainname", out.mutable_domainname());
  in.objects("mounts", [&](ObjectReader& o) {
    grpc::Mount* mount = out.add_mounts();
    o.string("destination", mount->mutable_destination());
    o.string("source", mount->mutable_source());
    o.string("type", mount->mutable_type());
    o.strings("options", mount->mutable_options());
    o.refuse("uidMappings", "mounts with mapped ids are not supported");
    o.refuse("gidMappings", "mounts with mapped ids are not supported");
  });
  in.object("hooks", [&](ObjectReader& o) { read_all_hooks(o, *out.mutable_hooks()); });
  in.string_map("annotations", out.mutable_annotations());
  in.object("linux", [&](ObjectReader& o) { read_linux(o, *out.mutable_linux()); });
  in.refuse("vm", "configuration.toml describes the virtual machine");
  for (const char* platform : {"windows", "solaris", "zos", "freebsd"})
    in.refuse(platform, "only Linux containers can be run");
}

template <typename Message, typename Read>
Message parse(std::string_view text, ReadContext& context, Read read) {
  const Json json = parse_json(text, context.name);
  Message message;
  ObjectReader::read_object(json, "", context, [&](ObjectReader& in) { read(in, message); });
  return message;
}

template <typename Message, typename Read>
Message parse(std::string_view text, std::string_view name, Read read) {
  ReadContext context{std::string(name), {}};
  Message message = parse<Message>(text, context, read);
  if (!context.unknown.empty() && log::is_enabled(log::Level::debug)) {
    std::string list;
    for (const std::string& path : context.unknown) list += (list.empty() ? "" : " ") + path;
    log::debug("fields without a meaning here ignored file={} fields=\"{}\"", name, list);
  }
  return message;
}

}  // namespace

std::vector<std::string> unknown_fields(std::string_view json_text, std::string_view name) {
  ReadContext context{std::string(name), {}};
  parse<grpc::Spec>(json_text, context, read_spec);
  return context.unknown;
}

grpc::Spec parse_config(std::string_view json_text, std::string_view name) {
  return parse<grpc::Spec>(json_text, name, read_spec);
}

grpc::Process parse_process(std::string_view json_text, std::string_view name) {
  return parse<grpc::Process>(json_text, name, read_process);
}

grpc::LinuxResources parse_resources(std::string_view json_text, std::string_view name) {
  return parse<grpc::LinuxResources>(json_text, name, read_resources);
}

}  // namespace kata::oci
