// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/id_map.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

// Beyond the users of a system and the ranges that distributions give away, see
// systemd.io/UIDS-GIDS.
constexpr std::uint32_t kNobodysIds = 1'000'000'000;
constexpr std::uint32_t kCount = 65536;
constexpr std::uint32_t kFewest = 1000;  // the system users of a distribution

struct Extent {
  std::uint32_t inside = 0;
  std::uint64_t count = 0;
};

Extent first_extent(const std::string& map) {
  std::istringstream fields(map);
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  Extent extent;
  fields >> inside >> outside >> extent.count;
  extent.inside = static_cast<std::uint32_t>(inside);
  return extent;
}

/// Root of the whole system, or root of a container, which has no other ids to take.
std::vector<IdRange> ranges_of_root(const std::string& map, const char* what) {
  const Extent extent = first_extent(map);
  if (extent.count > kNobodysIds + std::uint64_t{kCount})
    return {{.inside = 0, .outside = kNobodysIds, .count = kCount}};
  if (extent.inside != 0 || extent.count < kFewest) {
    throw_error(Code::failed_precondition,
                "make a root file system in a user namespace: this process has only {} {} ids to "
                "give: run katabuild outside of this container, or give the container 65536 ids",
                extent.count, what);
  }
  return {{.inside = 0,
           .outside = 0,
           .count = static_cast<std::uint32_t>(std::min<std::uint64_t>(extent.count, kCount))}};
}

/// NAME:FIRST:COUNT of the user, by name or number; the largest one.
std::optional<IdRange> range_of(const std::string& text, const IdFacts& facts) {
  std::optional<IdRange> best;
  for (const std::string& line : split_text(text)) {
    const std::vector<std::string> fields = split_text(line, ':');
    if (fields.size() != 3) continue;
    if (fields[0] != std::to_string(facts.user) &&
        (facts.user_name.empty() || fields[0] != facts.user_name))
      continue;
    IdRange range{.inside = 1, .outside = 0, .count = 0};
    const auto number = [](const std::string& from, std::uint32_t& to) {
      const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), to);
      return error == std::errc() && end == from.data() + from.size();
    };
    if (!number(fields[1], range.outside) || !number(fields[2], range.count)) continue;
    range.count = std::min(range.count, kCount);
    if (!best || range.count > best->count) best = range;
  }
  return best;
}

std::vector<IdRange> ranges_of_user(const std::string& text, const IdFacts& facts,
                                    std::uint32_t own, const char* file) {
  const std::optional<IdRange> range = range_of(text, facts);
  if (!range || range->count < kFewest) {
    const std::string name = facts.user_name.empty() ? std::to_string(facts.user) : facts.user_name;
    throw_error(Code::failed_precondition,
                "make a root file system in a user namespace: {} has no range of at least {} ids "
                "for {}: as root, run `usermod --add-subuids 100000-165535 --add-subgids "
                "100000-165535 {}`",
                file, kFewest, name, name);
  }
  return {{.inside = 0, .outside = own, .count = 1}, *range};
}

}  // namespace

IdMap choose_id_map(const IdFacts& facts) {
  if (facts.user == 0) {
    return {.users = ranges_of_root(facts.uid_map, "user"),
            .groups = ranges_of_root(facts.gid_map, "group")};
  }
  if (!facts.has_helpers) {
    throw_error(Code::failed_precondition,
                "make a root file system in a user namespace: there are no programs newuidmap and "
                "newgidmap: install uidmap (Debian) or shadow-utils (Oracle Linux)");
  }
  return {.users = ranges_of_user(facts.subuid, facts, facts.user, "/etc/subuid"),
          .groups = ranges_of_user(facts.subgid, facts, facts.group, "/etc/subgid"),
          .by_helpers = true};
}

IdFacts read_id_facts() {
  IdFacts facts;
  facts.user = ::geteuid();
  facts.group = ::getegid();
  facts.uid_map = read_file("/proc/self/uid_map");
  facts.gid_map = read_file("/proc/self/gid_map");
  facts.subuid = read_file_if_exists("/etc/subuid").value_or("");
  facts.subgid = read_file_if_exists("/etc/subgid").value_or("");
  facts.has_helpers =
      find_program("newuidmap").has_value() && find_program("newgidmap").has_value();
  for (const std::string& line : split_text(read_file_if_exists("/etc/passwd").value_or(""))) {
    const std::vector<std::string> fields = split_text(line, ':');
    if (fields.size() > 2 && fields[2] == std::to_string(facts.user)) {
      facts.user_name = fields[0];
      break;
    }
  }
  if (const char* name = std::getenv("USER"); facts.user_name.empty() && name != nullptr)
    facts.user_name = name;
  return facts;
}

}  // namespace kata::rootfs
