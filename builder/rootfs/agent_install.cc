// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/agent_install.h"

#include <elf.h>

#include <optional>
#include <string_view>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/elf.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

constexpr std::string_view kTarget = "usr/lib/systemd/system/kata-containers.target";
constexpr std::string_view kTargetText =
    "[Unit]\n"
    "Description=Kata guest\n"
    "Requires=basic.target kata-agent.service\n"
    "After=basic.target\n"
    "AllowIsolate=yes\n";
constexpr std::string_view kService = "usr/lib/systemd/system/kata-agent.service";
constexpr std::string_view kServiceText =
    "[Unit]\n"
    "Description=Kata agent\n"
    "Wants=kata-containers.target\n"
    "\n"
    "[Service]\n"
    "Type=exec\n"
    "ExecStart=/usr/bin/kata-agent\n"
    "StandardOutput=tty\n"
    "LimitNOFILE=1048576\n"
    "Delegate=yes\n"
    "ExecStopPost=/usr/bin/systemctl --force poweroff\n";

pipeline::ElfFile checked_program(const std::string& path, bool needs_static) {
  const std::optional<pipeline::ElfFile> elf = pipeline::read_elf(path);
  if (!elf || !elf->is_executable || elf->machine != EM_X86_64) {
    throw_error(Code::invalid_argument,
                "put the agent {} into the image: it is no ELF program for x86_64", path);
  }
  if (needs_static && elf->has_interpreter) {
    throw_error(Code::invalid_argument,
                "put the agent {} into the image: it is dynamically linked, and an image from "
                "scratch has no libraries: link "
                "it with -static, or use a base that has them",
                path);
  }
  return *elf;
}

std::string build_id_of(const pipeline::ElfFile& elf) {
  std::string text;
  for (const pipeline::ElfNote& note : elf.notes) {
    if (note.name != "GNU" || note.type != NT_GNU_BUILD_ID) continue;
    for (const char c : note.description)
      text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string stripped(const std::string& path, const std::string& work, CommandRunner& runner) {
  if (!find_program("objcopy")) {
    throw_error(Code::failed_precondition,
                "strip the agent {}: there is no program objcopy: install binutils, or say "
                "agent.strip: false in the recipe",
                path);
  }
  Command command;
  std::string to = join_path(work, "agent");
  command.argv = {"objcopy", "--strip-all", path, to};
  in_context([&] { run_checked(runner, command); }, "strip the agent");
  return to;
}

void install_service(const recipe::ImageRecipe& recipe, const std::string& program, Tree& tree) {
  bool has_init = tree.contains("init");
  for (const char* path :
       {"usr/lib/systemd/systemd", "lib/systemd/systemd", "usr/sbin/init", "sbin/init"}) {
    if (has_init || !tree.contains(path)) continue;
    tree.put(make_symlink("init", std::string("/") + path));
    has_init = true;
  }
  if (!has_init) {
    throw_error(Code::invalid_argument,
                "put the agent as a service into {}: this base has no init (/init, systemd or "
                "/sbin/init): use `as: /init`",
                recipe.base.path);
  }
  tree.put(make_file("usr/bin/kata-agent", program, 0755));
  tree.put(make_text_file(std::string(kTarget), std::string(kTargetText), 0644));
  tree.put(make_text_file(std::string(kService), std::string(kServiceText), 0644));
}

}  // namespace

InstalledAgent install_agent(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                             CommandRunner& runner) {
  const std::string& path = recipe.agent.path;
  if (path.empty()) {
    throw_error(Code::invalid_argument,
                "{}: no agent: name it with --agent PATH or agent.path in the recipe", recipe.file);
  }
  const pipeline::ElfFile elf =
      checked_program(path, recipe.base.kind == recipe::BaseKind::scratch);
  InstalledAgent agent;
  agent.build_id = build_id_of(elf);
  const std::string program = recipe.agent.strip ? stripped(path, work, runner) : path;
  agent.sha256 = pipeline::sha256_of_file(program);
  if (recipe.agent.as_service) {
    install_service(recipe, program, tree);
    agent.size = tree.find("usr/bin/kata-agent")->content->size;
  } else {
    tree.put(make_file("init", program, 0755));
    agent.size = tree.find("init")->content->size;
  }
  return agent;
}

}  // namespace kata::rootfs
