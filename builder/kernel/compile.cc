// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/compile.h"

#include <time.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "builder/kernel/pack_elf.h"
#include "builder/pipeline/failed_command.h"
#include "builder/pipeline/publish.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/signals.h"

namespace kata::kernel {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> environment(const BuildTree& tree, const pipeline::Context& context) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> env = {
      fmt::format("PATH={}", path != nullptr ? path : "/usr/bin:/bin:/usr/sbin:/sbin"),
      "HOME=" + tree.work,
      "TMPDIR=" + join_path(tree.work, "tmp"),
      "LC_ALL=C",
      "TZ=UTC",
      "KBUILD_BUILD_TIMESTAMP=" + build_timestamp_text(tree.timestamp),
      "KBUILD_BUILD_USER=katabuild",
      "KBUILD_BUILD_HOST=katabuild",
      "KBUILD_BUILD_VERSION=1",
      fmt::format("SOURCE_DATE_EPOCH={}", tree.timestamp),
  };
  if (tree.has_ccache) {
    env.push_back("CCACHE_DIR=" + context.cache.folder("ccache"));
    env.push_back(
        "CCACHE_CONFIGPATH=/dev/null");  // the user's own settings do not decide what is built
    env.push_back("CCACHE_BASEDIR=" + tree.work);
    env.push_back("CCACHE_NOHASHDIR=1");  // another work folder hits too
    env.push_back("CCACHE_DEPEND=1");     // a miss is not preprocessed twice
  }
  return env;
}

Command make_command(const BuildTree& tree, const std::vector<std::string>& arguments,
                     const pipeline::Context& context) {
  const std::string launcher = tree.has_ccache ? "ccache " : "";
  Command command;
  command.argv = {"make",
                  fmt::format("-j{}", context.jobs),
                  "V=0",
                  "ARCH=x86_64",
                  "LOCALVERSION=",
                  "CC=" + launcher + tree.compiler,
                  "HOSTCC=" + launcher + "gcc"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = environment(tree, context);
  command.cwd = tree.source;
  return command;
}

CommandResult run_make(const Command& command, std::string_view doing,
                       const std::function<void(std::string_view)>& on_line,
                       pipeline::Context& context) {
  CommandResult result = context.runner.run_lines(command, on_line);
  if (result.status == 0) return result;
  // with -j the last lines are often only about other jobs
  const std::string log = pipeline::keep_log("kernel", command, result, context);
  const std::string& text = result.error_output.empty() ? result.output : result.error_output;
  throw_error(Code::internal, "{}: make {}; the whole output is in {}:{}", doing,
              result.status > 128 ? "was ended by " + signal_name(result.status - 128)
                                  : fmt::format("ended with status {}", result.status),
              log,
              pipeline::telling_lines(
                  text, {"error:", "No space left", "undefined reference", "fatal", "not found"}));
}

}  // namespace

std::string build_timestamp_text(std::int64_t seconds) {
  const time_t moment = seconds;
  struct tm parts {};
  ::gmtime_r(&moment, &parts);
  std::array<char, 64> text{};
  const std::size_t size = ::strftime(text.data(), text.size(), "%a %b %e %H:%M:%S UTC %Y", &parts);
  return {text.data(), size};
}

std::string_view made_object(std::string_view line) {
  if (line.size() < 4 || !line.starts_with("  ") || line[2] < 'A' || line[2] > 'Z') return {};
  const std::size_t last = line.find_last_of(' ');
  return line.substr(last + 1);
}

Toolchain probe_toolchain(const std::string& compiler, pipeline::Context& context) {
  Toolchain toolchain;
  std::string missing;
  for (const std::string& name :
       {compiler, std::string("gcc"), std::string("ld"), std::string("objcopy"),
        std::string("make"), std::string("flex"), std::string("bison"), std::string("bc")}) {
    if (!find_program(name)) missing += " " + name;
  }
  if (!missing.empty()) {
    throw_error(Code::failed_precondition,
                "build a kernel: programs are missing:{}: install them with `apt-get install gcc "
                "make binutils flex bison "
                "bc libelf-dev libssl-dev` or `dnf install gcc make binutils flex bison bc "
                "elfutils-libelf-devel openssl-devel`",
                missing);
  }
  for (const std::string& name : {compiler, std::string("ld"), std::string("make")}) {
    Command command;
    command.argv = {name, "--version"};
    command.env = std::vector<std::string>{"LC_ALL=C"};
    toolchain.tools.push_back({name, first_line(run_checked(context.runner, command).output)});
  }
  toolchain.has_ccache = find_program("ccache").has_value();
  return toolchain;
}

std::string configure(const BuildTree& tree, const std::string& merged,
                      pipeline::Context& context) {
  const std::string merged_path = join_path(tree.work, "merged.config");
  write_file(merged_path, merged);
  make_directories(join_path(tree.work, "tmp"));
  const Command command =
      make_command(tree, {"KCONFIG_ALLCONFIG=" + merged_path, "allnoconfig"}, context);
  run_make(command, "configure the kernel", {}, context);
  return read_file(join_path(tree.source, ".config"));
}

std::uint64_t compile(const BuildTree& tree, std::uint64_t expected_steps,
                      pipeline::Context& context) {
  context.progress.begin(
      "kernel",
      fmt::format("compiling with {} jobs{}", context.jobs, tree.has_ccache ? " and ccache" : ""),
      expected_steps);
  const std::string prefix = tree.source + "/";  // what is below tools/ comes with its full path
  const auto on_line = [&](std::string_view line) {
    std::string_view object = made_object(line);
    if (object.starts_with(prefix)) object.remove_prefix(prefix.size());
    if (!object.empty()) context.progress.step(object);
  };
  std::vector<std::string> targets = {"vmlinux", "bzImage"};
  if (tree.has_modules) targets.emplace_back("modules");
  run_make(make_command(tree, targets, context), "compile the kernel", on_line, context);
  context.progress.end(fmt::format("{} files made", context.progress.steps()));
  return context.progress.steps();
}

void install_modules(const BuildTree& tree, const std::string& folder, pipeline::Context& context) {
  make_directories(folder);
  const Command command = make_command(
      tree, {"INSTALL_MOD_PATH=" + folder, "INSTALL_MOD_STRIP=1", "DEPMOD=true", "modules_install"},
      context);
  run_make(command, "install the kernel's modules", {}, context);
  // They lead to the source, which is gone when the build has ended
  const std::string installed = join_path(folder, "lib/modules/" + kernel_release(tree, context));
  for (const char* link : {"build", "source"}) std::filesystem::remove(join_path(installed, link));
}

std::string kernel_release(const BuildTree& tree, pipeline::Context& context) {
  Command command = make_command(tree, {"-s", "kernelrelease"}, context);
  std::string version = run_make(command, "ask for the kernel's version", {}, context).output;
  while (!version.empty() && (version.back() == '\n' || version.back() == ' ')) version.pop_back();
  version = version.substr(version.find_last_of('\n') + 1);
  if (version.empty() || version.find_first_of("/ \t") != std::string::npos) {
    throw_error(Code::internal, "ask for the kernel's version: make kernelrelease says \"{}\"",
                version);
  }
  return version;
}

void strip_vmlinux(const std::string& vmlinux, const std::string& to, bool strip,
                   pipeline::Context& context) {
  if (!strip) return pipeline::copy_file(vmlinux, to, 0644);
  Command command;
  command.argv = {"objcopy", "--strip-all", vmlinux, to};
  in_context([&] { run_checked(context.runner, command); }, "strip {}", vmlinux);
  write_file(to, packed_elf(read_file(to), vmlinux));
}

}  // namespace kata::kernel
