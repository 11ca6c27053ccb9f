// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/fake_kernel.h"

#include <filesystem>

#include "runtime/base/error.h"

namespace kata::test {
namespace {

// allnoconfig drops what depends on a symbol that is off, as Kconfig does; vmlinux is an ELF file
// with the PVH note
constexpr const char* kMakefile = R"make(
allnoconfig:
	@grep -v -e CONFIG_DROPPED= -e CONFIG_NEDED= $(KCONFIG_ALLCONFIG) > .config
vmlinux: .config
	@echo '  CC      init/main.o'
	@if grep -q CONFIG_SLOW=y .config; then touch started; sleep 300; fi
	@if grep -q CONFIG_BROKEN=y .config; then echo 'init/main.c:1: error: no such thing' >&2; exit 1; fi
	@printf '.globl _start\n_start: ret\n.section .note.Xen,"a",@note\n.long 4, 4, NOTE\n.asciz "Xen"\n.long 0x1000000\n' > e.S
	@if grep -q CONFIG_PVH=y .config; then sed -i s/NOTE/18/ e.S; else sed -i s/NOTE/99/ e.S; fi
	@printf '.section .rodata\n.asciz "%s %s %s"\n' '$(KBUILD_BUILD_TIMESTAMP)' '$(KBUILD_BUILD_USER)' '$(LEAK)' >> e.S
	@echo '  LD      vmlinux'
	@$(CC) -nostdlib -static -Wl,--build-id=none -o vmlinux -x assembler e.S
bzImage: vmlinux
	@mkdir -p arch/x86/boot && cp vmlinux arch/x86/boot/bzImage
	@cat version.txt >> arch/x86/boot/bzImage
modules: vmlinux
	@grep -q CONFIG_DEMO=m .config
	@printf '.section .modinfo,"a"\n.asciz "name=demo"\n' | $(CC) -c -x assembler -o demo.ko -
modules_install:
	@test '$(INSTALL_MOD_STRIP) $(DEPMOD)' = '1 true' -a -f demo.ko
	@mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.1.99.container/kernel
	@cp demo.ko $(INSTALL_MOD_PATH)/lib/modules/6.1.99.container/kernel/demo.ko
	@ln -s '$(CURDIR)' $(INSTALL_MOD_PATH)/lib/modules/6.1.99.container/build
	@ln -s '$(CURDIR)' $(INSTALL_MOD_PATH)/lib/modules/6.1.99.container/source
kernelrelease:
	@echo 6.1.99.container
)make";

constexpr const char* kKconfig = R"(
config PVH
	bool "PVH"
config SLOW
	bool "Slow"
config BROKEN
	bool "Broken"
config NEEDED
	bool "Needed"
config DROPPED
	bool "Dropped"
	depends on NEEDED
config MODULES
	bool "Modules"
config DEMO
	tristate "Demo"
config LOCALVERSION
	string "Local version"
config BLK_DEV_INITRD
	bool "Initrd"
)";

std::string big_endian(unsigned value) {
  std::string bytes(4, '\0');
  for (int i = 3; i >= 0; --i, value >>= 8)
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(value & 0xff);
  return bytes;
}

void run_tool(const std::vector<std::string>& argv, const std::string& cwd,
              const std::string& input = "") {
  RealCommandRunner runner;
  Command command;
  command.argv = argv;
  command.cwd = cwd;
  command.input = input;
  run_checked(runner, command);
}

}  // namespace

void write_kernel_source(const std::string& folder) {
  const std::string tree = folder + "/linux-6.1.99";
  make_directories(tree);
  write_file(tree + "/Makefile", kMakefile);
  write_file(tree + "/Kconfig", kKconfig);
  write_file(tree + "/version.txt", "one\n");
  run_tool({"tar", "-cJf", "linux-6.1.99.tar.xz", "linux-6.1.99"}, folder);
}

Workbench::Workbench() {
  write_kernel_source(dir_.path());
  write_fragment("CONFIG_PVH=y\n");
  write_recipe("{tarball: {path: linux-6.1.99.tar.xz}}");
}

void Workbench::write_recipe(const std::string& source) const {
  write_file(path("recipe.yaml"),
             "name: fake\nsource: " + source + "\nfragments: [a.conf]\ntimestamp: 2026-01-01\n");
}

void Workbench::write_fragment(const std::string& text) const { write_file(path("a.conf"), text); }

Command Workbench::katabuild(const std::vector<std::string>& more) const {
  Command command;
  command.argv = {KATABUILD,     "kernel",   "--recipe",  path("recipe.yaml"), "--cache",
                  path("cache"), "--output", path("out"), "--progress",        "plain"};
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  return command;
}

CommandResult Workbench::run(const std::vector<std::string>& more) {
  RealCommandRunner runner;
  return runner.run(katabuild(more));
}

std::vector<std::string> Workbench::left_behind() const {
  std::vector<std::string> names;
  if (!path_exists(path("cache/work"))) return names;
  for (const auto& entry : std::filesystem::directory_iterator(path("cache/work")))
    names.push_back(entry.path().string());
  return names;
}

void write_source_rpm(const std::string& to, const std::string& folder,
                      const std::vector<std::string>& names) {
  std::string lead =
      std::string("\xed\xab\xee\xdb\x03\x00\x00\x01", 8);  // format 3.0, a source package
  lead.resize(96);
  const std::string header = std::string("\x8e\xad\xe8\x01", 4) + std::string(4, '\0') +
                             big_endian(1) + big_endian(8) + std::string(16, '\0') +
                             std::string(8, '\0');
  write_file(to, lead + header + header);
  std::string list;
  for (const std::string& name : names) list += name + "\n";
  RealCommandRunner runner;
  Command command;
  command.argv = {"cpio", "--quiet", "-o", "-H", "newc"};
  command.cwd = folder;
  command.input = list;
  const std::string payload = run_checked(runner, command).output;
  write_file(to, read_file(to) + payload);
}

}  // namespace kata::test
