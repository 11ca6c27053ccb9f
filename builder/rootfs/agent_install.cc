// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/agent_install.h"

#include <elf.h>

#include <optional>
#include <string_view>
#include <utility>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/elf.h"
#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

// Where an image is told to boot into this target (`systemd.unit=`), and by default.
constexpr std::string_view kTargetName = "kata-containers.target";
constexpr std::string_view kTargetText =
    "[Unit]\n"
    "Description=Kata guest\n"
    "Requires=basic.target kata-agent.service\n"
    "Wants=chrony.service chronyd.service\n"
    "After=basic.target\n"
    "Conflicts=rescue.service rescue.target\n"
    "AllowIsolate=yes\n";
constexpr std::string_view kServiceName = "kata-agent.service";
constexpr std::string_view kServiceText =
    "[Unit]\n"
    "Description=Kata agent\n"
    "FailureAction=reboot-force\n"
    "\n"
    "[Service]\n"
    "Type=exec\n"
    "ExecStart=/usr/bin/kata-agent\n"
    "StandardOutput=tty\n"
    "LimitNOFILE=1048576\n"
    "TasksMax=infinity\n"
    "Delegate=yes\n"
    "KillMode=process\n"
    "\n"
    "[Install]\n"
    "WantedBy=kata-containers.target\n";

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

void put_in(Tree& tree, Node node) {
  node.origin = kAgentOrigin;
  put_through(tree, std::move(node));
}

/// The folder with systemd's own units.
std::string find_systemd(const recipe::ImageRecipe& recipe, const Tree& tree) {
  for (const char* folder : {"usr/lib/systemd", "lib/systemd"}) {
    const Node* program = find_through(tree, std::string(folder) + "/systemd");
    if (program != nullptr && program->content) return folder;
  }
  throw_error(Code::invalid_argument,
              "{}: agent as a service: the base has no systemd (/usr/lib/systemd/systemd): add its "
              "package, or use `as: /init`",
              recipe.file);
}

/// The first program of an image with systemd: the kernel looks for /init in an initrd, for
/// /sbin/init on a disk.
void link_init(const recipe::ImageRecipe& recipe, const std::string& systemd, Tree& tree) {
  for (const char* path : {"init", "sbin/init"}) {
    const bool is_needed = recipe.format == recipe::ImageFormat::disk || path[0] == 'i';
    if (is_needed && find_through(tree, path) == nullptr)
      put_in(tree, make_symlink(path, "/" + systemd + "/systemd"));
  }
}

const Content* install_service(const recipe::ImageRecipe& recipe, const std::string& program,
                               Tree& tree) {
  const std::string systemd = find_systemd(recipe, tree);
  const std::string units = systemd + "/system/";
  const std::string target = units + std::string(kTargetName);
  const std::string service = units + std::string(kServiceName);
  link_init(recipe, systemd, tree);
  put_in(tree, make_file("usr/bin/kata-agent", program, 0755));
  put_in(tree, make_text_file(target, std::string(kTargetText), 0644));
  put_in(tree, make_text_file(service, std::string(kServiceText), 0644));
  // As `systemctl enable` and `systemctl set-default` do it
  put_in(tree, make_symlink("etc/systemd/system/default.target", "/" + target));
  put_in(tree,
         make_symlink(fmt::format("etc/systemd/system/{}.wants/{}", kTargetName, kServiceName),
                      "/" + service));
  return find_through(tree, "usr/bin/kata-agent")->content.get();
}

/// The agent itself as the first program.
const Content* install_init(const recipe::ImageRecipe& recipe, const std::string& program,
                            Tree& tree) {
  Node init = make_file("init", program, 0755);
  if (recipe.format == recipe::ImageFormat::disk) {
    Node second = init;
    second.entry.path = "sbin/init";
    put_in(tree, std::move(second));
  }
  const Content* content = init.content.get();
  put_in(tree, std::move(init));
  return content;
}

pipeline::ElfFile checked_agent(const recipe::ImageRecipe& recipe) {
  if (recipe.agent.path.empty()) {
    throw_error(Code::invalid_argument,
                "{}: no agent: name it with --agent PATH or agent.path in the recipe", recipe.file);
  }
  return checked_program(recipe.agent.path, recipe.base.kind == recipe::BaseKind::scratch);
}

}  // namespace

void check_agent(const recipe::ImageRecipe& recipe) { (void)checked_agent(recipe); }

InstalledAgent install_agent(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                             CommandRunner& runner) {
  const std::string& path = recipe.agent.path;
  const pipeline::ElfFile elf = checked_agent(recipe);
  InstalledAgent agent;
  agent.build_id = build_id_of(elf);
  const std::string program = recipe.agent.strip ? stripped(path, work, runner) : path;
  agent.sha256 = pipeline::sha256_of_file(program);
  agent.size = (recipe.agent.as_service ? install_service(recipe, program, tree)
                                        : install_init(recipe, program, tree))
                   ->size;
  return agent;
}

}  // namespace kata::rootfs
