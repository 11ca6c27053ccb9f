// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/capabilities.h"

#include <linux/capability.h>

#include <array>
#include <cstdint>

#include "builder/recipe/nearest.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

constexpr std::array<std::string_view, 41> kNames{"chown",
                                                  "dac_override",
                                                  "dac_read_search",
                                                  "fowner",
                                                  "fsetid",
                                                  "kill",
                                                  "setgid",
                                                  "setuid",
                                                  "setpcap",
                                                  "linux_immutable",
                                                  "net_bind_service",
                                                  "net_broadcast",
                                                  "net_admin",
                                                  "net_raw",
                                                  "ipc_lock",
                                                  "ipc_owner",
                                                  "sys_module",
                                                  "sys_rawio",
                                                  "sys_chroot",
                                                  "sys_ptrace",
                                                  "sys_pacct",
                                                  "sys_admin",
                                                  "sys_boot",
                                                  "sys_nice",
                                                  "sys_resource",
                                                  "sys_time",
                                                  "sys_tty_config",
                                                  "mknod",
                                                  "lease",
                                                  "audit_write",
                                                  "audit_control",
                                                  "setfcap",
                                                  "mac_override",
                                                  "mac_admin",
                                                  "syslog",
                                                  "wake_alarm",
                                                  "block_suspend",
                                                  "audit_read",
                                                  "perfmon",
                                                  "bpf",
                                                  "checkpoint_restore"};
constexpr std::uint64_t kAll = (std::uint64_t{1} << kNames.size()) - 1;

struct Sets {
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::uint64_t mask_of(std::string_view name, std::string_view text) {
  const std::string wanted = lower(name);
  if (wanted == "all") return kAll;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    known.push_back("cap_" + std::string(kNames[i]));
    if (wanted == known.back()) return std::uint64_t{1} << i;
  }
  const std::vector<std::string> near = recipe::nearest_names(wanted, known);
  throw_error(Code::invalid_argument, "capabilities \"{}\": no capability is called {}{}", text,
              name, near.empty() ? "" : "; did you mean " + near.front() + "?");
}

/// The names before the first operator; none means all of them.
std::uint64_t read_names(std::string_view names, std::string_view text) {
  if (names.empty()) return kAll;
  std::uint64_t mask = 0;
  while (true) {
    const std::size_t comma = names.find(',');
    mask |= mask_of(names.substr(0, comma), text);
    if (comma == std::string_view::npos) return mask;
    names.remove_prefix(comma + 1);
  }
}

void apply(char action, std::string_view flags, std::uint64_t mask, Sets& sets,
           std::string_view text) {
  const auto change = [&](std::uint64_t& set) {
    if (action == '-')
      set &= ~mask;
    else
      set |= mask;
  };
  if (action == '=') {
    sets.effective &= ~mask;
    sets.inheritable &= ~mask;
    sets.permitted &= ~mask;
  }
  for (const char flag : flags) {
    switch (flag) {
      case 'e':
        change(sets.effective);
        break;
      case 'i':
        change(sets.inheritable);
        break;
      case 'p':
        change(sets.permitted);
        break;
      default:
        throw_error(Code::invalid_argument, "capabilities \"{}\": a set is e, i or p, not \"{}\"",
                    text, flag);
    }
  }
}

void read_clause(std::string_view clause, Sets& sets, std::string_view text) {
  constexpr std::string_view kActions = "=+-";
  std::size_t at = clause.find_first_of(kActions);
  if (at == std::string_view::npos || (at == 0 && clause[0] != '='))
    throw_error(Code::invalid_argument,
                "capabilities \"{}\": \"{}\" must be NAMES and an action, like cap_net_raw+ep",
                text, clause);
  const std::uint64_t mask = read_names(clause.substr(0, at), text);
  while (at != std::string_view::npos) {
    const std::size_t next = clause.find_first_of(kActions, at + 1);
    const std::string_view flags =
        clause.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
    if (flags.empty() && clause[at] != '=')
      throw_error(Code::invalid_argument, "capabilities \"{}\": nothing follows the {} of \"{}\"",
                  text, clause[at], clause);
    apply(clause[at], flags, mask, sets, text);
    at = next;
  }
}

void add_word(std::string& bytes, std::uint64_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>((value >> shift) & 0xffU));
}

}  // namespace

std::string capability_attribute(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  Sets sets;
  bool has_clause = false;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = text.find_first_of(kSpace, begin);
    read_clause(text.substr(begin, end == std::string_view::npos ? end : end - begin), sets, text);
    has_clause = true;
    begin = text.find_first_not_of(kSpace, end);
  }
  if (!has_clause) throw_error(Code::invalid_argument, "capabilities \"{}\": none is named", text);
  if (sets.effective != 0 && sets.effective != (sets.permitted | sets.inheritable))
    throw_error(Code::invalid_argument,
                "capabilities \"{}\": a file's capabilities are all effective or none is: give e "
                "to the same ones that have p or i",
                text);
  std::string bytes;
  add_word(bytes, VFS_CAP_REVISION_2 | (sets.effective != 0 ? VFS_CAP_FLAGS_EFFECTIVE : 0U));
  add_word(bytes, sets.permitted & 0xffffffffU);
  add_word(bytes, sets.inheritable & 0xffffffffU);
  add_word(bytes, sets.permitted >> 32U);
  add_word(bytes, sets.inheritable >> 32U);
  return bytes;
}

}  // namespace kata::rootfs
