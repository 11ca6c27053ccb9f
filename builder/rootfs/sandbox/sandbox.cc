// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/sandbox.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/signals.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

constexpr std::size_t kLines = 12;  // of a program's output in a message
constexpr std::uint64_t kSpare = std::uint64_t{256} << 20;

std::uint64_t memory_of_machine() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  return static_cast<std::uint64_t>(std::max(pages, 1L)) *
         static_cast<std::uint64_t>(std::max(page, 1L));
}

}  // namespace

std::string output_end(const std::string& output) {
  std::vector<std::string> lines;
  for (std::string& line : split_text(output)) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(std::move(line));
  }
  std::string text;
  for (std::size_t i = lines.size() - std::min(lines.size(), kLines); i < lines.size(); ++i)
    text += "\n  " + lines[i];
  return text;
}

std::vector<std::string> sandbox_environment(std::int64_t timestamp) {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "HOME=/root",
          "LC_ALL=C.UTF-8",
          "TERM=dumb",
          "TZ=UTC",
          "DEBIAN_FRONTEND=noninteractive",
          fmt::format("SOURCE_DATE_EPOCH={}", timestamp)};
}

SandboxPlan new_sandbox_plan(std::uint64_t size) {
  SandboxPlan plan;
  plan.ids = choose_id_map(read_id_facts());
  plan.memory = std::min(size + kSpare, memory_of_machine() / 4 * 3);
  return plan;
}

SandboxResult run_sandbox(const SandboxPlan& plan, pipeline::Context& context) {
  for (const SandboxBind& bind : plan.binds) {
    if (!bind.writable || plan.ids.users.front().outside == ::geteuid()) continue;
    sys::change_owner(open_file(bind.from, 0).get(), plan.ids.users.front().outside,
                      plan.ids.groups.front().outside);
  }
  Command command;
  command.argv = {"/proc/self/exe", "enter-sandbox"};
  command.input = to_text(plan);
  const CommandResult outcome = context.runner.run(command);
  if (outcome.status != 0) {
    throw_error(Code::failed_precondition, "make a sandbox of namespaces for a root file system:{}",
                output_end(outcome.error_output));
  }
  const Json json = parse_json(outcome.output, "the sandbox's result");
  SandboxResult result;
  result.failed = json.value("failed", -1);
  result.status = json.value("status", 0);
  result.output = outcome.error_output;
  return result;
}

void run_sandbox_checked(const SandboxPlan& plan, const std::string& what,
                         pipeline::Context& context) {
  const SandboxResult result = run_sandbox(plan, context);
  if (result.failed < 0) return;
  const std::string end = result.status > 128 ? "ended by " + signal_name(result.status - 128)
                                              : fmt::format("exit status {}", result.status);
  const std::string& program = plan.steps[static_cast<std::size_t>(result.failed)].argv.front();
  throw_error(Code::internal, "{}: {}: {}:{}", what, program, end, output_end(result.output));
}

}  // namespace kata::rootfs
