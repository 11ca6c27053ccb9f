// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/seccomp_profile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "oci.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"

namespace kata::seccomp {
namespace {

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};

constexpr Named<scmp_compare> kOperators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

constexpr Named<std::uint32_t> kArchitectures[] = {
    {"SCMP_ARCH_X86", SCMP_ARCH_X86},
    {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    {"SCMP_ARCH_X32", SCMP_ARCH_X32},
    {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    {"SCMP_ARCH_S390", SCMP_ARCH_S390},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    {"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    {"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
    {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

// See seccomp(2).
constexpr Named<unsigned> kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

template <typename Value, std::size_t N>
Value look_up(const Named<Value> (&table)[N], std::string_view name, std::string_view what) {
  for (const Named<Value>& entry : table) {
    if (entry.name == name) return entry.value;
  }
  throw_error(Code::invalid_argument, "seccomp: unknown {} \"{}\"", what, name);
}

std::uint32_t parse_action(std::string_view name, std::uint32_t errno_value) {
  const std::uint32_t value = errno_value & 0xffffU;
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(value);
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(value);
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_NOTIFY") {
    throw_error(Code::unimplemented,
                "seccomp: SCMP_ACT_NOTIFY: no listener can reach into the guest");
  }
  throw_error(Code::invalid_argument, "seccomp: unknown action \"{}\"", name);
}

std::uint32_t default_errno(const grpc::LinuxSeccomp& profile) {
  return profile.has_default_errno_ret() ? profile.default_errno_ret() : EPERM;
}

std::uint32_t action_of(const grpc::LinuxSyscall& rule) {
  const bool has_errno = rule.ErrnoRet_case() == grpc::LinuxSyscall::kErrnoret;
  return parse_action(rule.action(), has_errno ? rule.errnoret() : std::uint32_t{EPERM});
}

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

void check(int result, std::string_view what) {
  if (result != 0) throw_errno(-result, "seccomp: {}", what);
}

void add_architectures(void* filter, const grpc::LinuxSeccomp& profile) {
  for (const std::string& name : profile.architectures()) {
    const int result = ::seccomp_arch_add(filter, look_up(kArchitectures, name, "architecture"));
    // EEXIST: the native one; EDOM: another byte order, which cannot run here anyway.
    if (result != -EEXIST && result != -EDOM) check(result, name);
  }
}

void check_rule(const grpc::LinuxSyscall& rule) {
  if (rule.names().empty()) {
    throw_error(Code::invalid_argument, "seccomp: a rule without names of system calls");
  }
  const bool has_errno = rule.ErrnoRet_case() == grpc::LinuxSyscall::kErrnoret;
  if (has_errno && rule.errnoret() != 0 && rule.action() != "SCMP_ACT_ERRNO" &&
      rule.action() != "SCMP_ACT_TRACE") {
    throw_error(Code::invalid_argument, "seccomp: errnoRet has no meaning for {}", rule.action());
  }
}

std::vector<scmp_arg_cmp> comparisons(const grpc::LinuxSyscall& rule) {
  std::vector<scmp_arg_cmp> result;
  for (const grpc::LinuxSeccompArg& arg : rule.args()) {
    if (arg.index() > 5)
      throw_error(Code::invalid_argument, "seccomp: argument index {}", arg.index());
    result.push_back({.arg = static_cast<unsigned>(arg.index()),
                      .op = look_up(kOperators, arg.op(), "operator"),
                      .datum_a = arg.value(),
                      .datum_b = arg.value_two()});
  }
  return result;
}

/// One rule takes each argument once; a profile that compares one twice means "either", and gets a
/// rule for each.
bool compares_one_twice(const std::vector<scmp_arg_cmp>& args) {
  unsigned seen = 0;
  for (const scmp_arg_cmp& arg : args) {
    if ((seen >> arg.arg & 1U) != 0) return true;
    seen |= 1U << arg.arg;
  }
  return false;
}

void add_rule(void* filter, const grpc::LinuxSyscall& rule, std::uint32_t default_action) {
  const std::uint32_t action = action_of(rule);
  if (action == default_action) return;  // libseccomp refuses what changes nothing
  const std::vector<scmp_arg_cmp> args = comparisons(rule);
  for (const std::string& name : rule.names()) {
    const int number = ::seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) {
      log::debug("seccomp rule skipped syscall={}", name);
      continue;
    }
    if (!compares_one_twice(args)) {
      check(::seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(args.size()),
                                     args.data()),
            name);
      continue;
    }
    for (const scmp_arg_cmp& arg : args)
      check(::seccomp_rule_add_array(filter, action, number, 1, &arg), name);
  }
}

}  // namespace

void check_profile(const grpc::LinuxSeccomp& profile) {
  parse_action(profile.default_action(), default_errno(profile));
  for (const std::string& name : profile.architectures())
    look_up(kArchitectures, name, "architecture");
  for (const std::string& name : profile.flags()) look_up(kFlags, name, "flag");
  for (const grpc::LinuxSyscall& rule : profile.syscalls()) {
    check_rule(rule);
    action_of(rule);
    comparisons(rule);
  }
}

std::string compile_profile(const grpc::LinuxSeccomp& profile) {
  const std::uint32_t default_action =
      parse_action(profile.default_action(), default_errno(profile));
  const Filter filter(::seccomp_init(default_action));
  if (!filter) throw_error(Code::invalid_argument, "seccomp: action {}", profile.default_action());
  add_architectures(filter.get(), profile);
  // A binary tree instead of a list: some 400 rules cost a handful of comparisons for each system
  // call.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const grpc::LinuxSyscall& rule : profile.syscalls()) {
    check_rule(rule);
    add_rule(filter.get(), rule, default_action);
  }
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) throw_errno(errno, "create a memory file for the seccomp filter");
  check(::seccomp_export_bpf(filter.get(), file.get()), "write the filter");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno(errno, "read the seccomp filter");
  return read_all(file.get());
}

void load_profile(const grpc::LinuxSeccomp& profile) {
  std::string program = profile.program().empty() ? compile_profile(profile) : profile.program();
  unsigned flags = 0;
  for (const std::string& name : profile.flags()) flags |= look_up(kFlags, name, "flag");
  if (program.empty() || program.size() % sizeof(sock_filter) != 0 ||
      program.size() / sizeof(sock_filter) > BPF_MAXINSNS) {
    throw_error(Code::invalid_argument, "seccomp: a program of {} bytes", program.size());
  }
  sock_fprog filter{};
  filter.len = static_cast<unsigned short>(program.size() / sizeof(sock_filter));
  filter.filter = reinterpret_cast<sock_filter*>(program.data());
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) != 0)
    throw_errno(errno, "seccomp: load the filter");
}

}  // namespace kata::seccomp
