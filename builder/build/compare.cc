// SPDX-License-Identifier: Apache-2.0
#include "builder/build/compare.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "builder/pipeline/digest.h"
#include "builder/repo/metadata_text.h"
#include "builder/sbom/spdx.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = std::size_t{1} << 31;
constexpr std::size_t kShown = 5;

std::set<std::string> files_below(const std::string& folder) {
  std::set<std::string> names;
  for (const char* part : {"guest", "programs", "packages"}) {
    const std::string path = join_path(folder, part);
    if (!path_exists(path)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && !entry.is_symlink())
        names.insert(entry.path().string().substr(folder.size() + 1));
    }
  }
  return names;
}

/// "el9/x86_64" and so on, of the repository in a build's output.
std::set<std::string> channels_of(const std::string& folder) {
  std::set<std::string> names;
  const std::string repo = join_path(folder, "repo");
  if (!path_exists(repo)) return names;
  for (const auto& release : fs::directory_iterator(repo)) {
    if (!release.is_directory()) continue;
    for (const auto& architecture : fs::directory_iterator(release.path())) {
      if (path_exists((architecture.path() / "latest").string()))
        names.insert(architecture.path().string().substr(repo.size() + 1));
    }
  }
  return names;
}

std::string list_of(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i)
    text += (text.empty() ? "" : ", ") + items[i];
  if (items.size() > kShown) text += fmt::format(" and {} more", items.size() - kShown);
  return text;
}

/// Which members of two archives differ; empty: none.
std::string differing_members(const std::string& first, const std::string& second) {
  std::map<std::string, std::string> digests;
  for (const sbom::File& file : sbom::files_of_archive(first)) digests[file.path] = file.sha256;
  std::vector<std::string> differ;
  for (const sbom::File& file : sbom::files_of_archive(second)) {
    const auto known = digests.find(file.path);
    if (known == digests.end()) {
      differ.push_back(file.path + " (only in the second)");
    } else {
      if (known->second != file.sha256) differ.push_back(file.path);
      digests.erase(known);
    }
  }
  for (const auto& [path, digest] : digests) differ.push_back(path + " (only in the first)");
  return list_of(differ);
}

/// The tags of a package's header with their values, as `rpm --xml` prints them.
std::map<std::string, std::string> header_tags(const std::string& path, CommandRunner& runner) {
  Command command;
  command.argv = {"rpm", "--nosignature", "--nodigest", "-qp", "--xml", path};
  const std::string xml = run_checked(runner, command).output;
  std::map<std::string, std::string> tags;
  constexpr std::string_view kOpen = "<rpmTag name=\"";
  for (std::size_t at = xml.find(kOpen); at != std::string::npos; at = xml.find(kOpen, at)) {
    at += kOpen.size();
    const std::string name = xml.substr(at, xml.find('"', at) - at);
    const std::size_t end = std::min(xml.find("</rpmTag>", at), xml.size());
    tags[name] = xml.substr(at, end - at);
  }
  return tags;
}

std::string differing_tags(const std::string& first, const std::string& second,
                           CommandRunner& runner) {
  const std::map<std::string, std::string> before = header_tags(first, runner);
  std::vector<std::string> differ;
  for (const auto& [name, value] : header_tags(second, runner)) {
    const bool is_signature = name.starts_with("Sig") || name.ends_with("header") ||
                              name == "Rsaheader" || name == "Dsaheader" || name == "Longsize";
    const auto known = before.find(name);
    if (!is_signature && (known == before.end() || known->second != value)) differ.push_back(name);
  }
  return list_of(differ);
}

std::string first_difference(const std::string& a, const std::string& b) {
  const std::string first = read_file(a, kLargest);
  const std::string second = read_file(b, kLargest);
  const auto [at, other] = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  return fmt::format("{} and {} bytes, the first that differs is number {}", first.size(),
                     second.size(), at - first.begin());
}

class Comparer {
 public:
  Comparer(const std::string& first, const std::string& second, CommandRunner& runner)
      : first_(first), second_(second), runner_(runner) {
    keys_differ_ = keys_of(first) != keys_of(second);
  }

  Comparison run() {
    const std::set<std::string> names = files_below(first_);
    const std::set<std::string> others = files_below(second_);
    if (names.empty() || others.empty()) {
      throw_error(Code::invalid_argument,
                  "compare {} with {}: there are no results in {}: name the output folders of two "
                  "builds",
                  first_, second_, names.empty() ? first_ : second_);
    }
    for (const std::string& name : names) {
      if (!others.contains(name)) {
        differ(name, "it is only in " + first_);
      } else {
        file(name);
      }
    }
    for (const std::string& name : others) {
      if (!names.contains(name)) differ(name, "it is only in " + second_);
    }
    for (const std::string& channel : channels_of(first_)) metadata(channel);
    return std::move(result_);
  }

 private:
  static std::string keys_of(const std::string& folder) {
    std::string keys;
    const std::string packages = join_path(folder, "packages");
    if (!path_exists(packages)) return keys;
    for (const auto& entry : fs::directory_iterator(packages)) {
      if (entry.path().filename().string().starts_with("RPM-GPG-KEY-"))
        keys += read_file(entry.path().string());
    }
    return keys;
  }

  void differ(const std::string& path, const std::string& what) {
    result_.differences.push_back({path, what});
  }

  void file(const std::string& name) {
    const std::string base(base_name(name));
    // the lists of what was made, with the digests of signed packages
    if (base == "packages.json" || base.starts_with("RPM-GPG-KEY-")) return;
    if (keys_differ_ && base.starts_with("kata-release-")) {
      result_.not_compared.push_back(name + ": it holds the key, and the keys differ");
      return;
    }
    ++result_.files;
    const std::string a = join_path(first_, name);
    const std::string b = join_path(second_, name);
    if (name.ends_with(".rpm")) {
      if (unsigned_digest(a) != unsigned_digest(b)) package(name, a, b);
    } else if (pipeline::sha256_of_file(a) != pipeline::sha256_of_file(b)) {
      const std::string members = name.ends_with(".img") ? differing_members(a, b) : std::string();
      differ(name, members.empty() ? first_difference(a, b) : "members " + members);
    }
  }

  void package(const std::string& name, const std::string& a, const std::string& b) {
    const std::string members = differing_members(a, b);
    const std::string tags = differing_tags(a, b, runner_);
    std::string what = members.empty() ? std::string() : "members " + members;
    if (!tags.empty()) what += (what.empty() ? "" : "; ") + std::string("header tags ") + tags;
    differ(name, what.empty() ? first_difference(a, b) : what);
  }

  static std::map<std::string, std::string> metadata_files(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(join_path(folder, "repodata"))) {
      // DIGEST-primary.xml.gz
      const std::string name = entry.path().filename().string();
      const std::size_t dash = name.find('-');
      if (dash != std::string::npos) files[name.substr(dash + 1)] = entry.path().string();
    }
    return files;
  }

  void metadata(const std::string& channel) {
    const std::string name = "repo/" + channel;
    if (!path_exists(join_path(second_, name + "/latest")))
      return differ(name, "it is only in " + first_);
    const auto files = metadata_files(join_path(first_, name + "/latest"));
    const auto others = metadata_files(join_path(second_, name + "/latest"));
    for (const auto& [kind, path] : files) {
      const auto other = others.find(kind);
      if (other == others.end()) {
        differ(name + "/" + kind, "it is only in " + first_);
        continue;
      }
      ++result_.files;
      const auto text = [&](const std::string& file) {
        return unsigned_metadata(
            std::string(repo::MetadataText(read_file(file, kLargest), file).text()), keys_differ_);
      };
      const std::string a = text(path);
      const std::string b = text(other->second);
      if (a == b) continue;
      const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
      const std::string before(a.begin(), at);
      const std::size_t line = before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1;
      differ(name + "/" + kind, "from the line " + a.substr(line, a.find('\n', line) - line));
    }
  }

  std::string first_;
  std::string second_;
  CommandRunner& runner_;
  bool keys_differ_ = false;
  Comparison result_;
};

}  // namespace

Comparison compare_builds(const std::string& first, const std::string& second,
                          CommandRunner& runner) {
  return Comparer(first, second, runner).run();
}

std::string unsigned_digest(const std::string& path) {
  const std::string bytes = read_file(path, kLargest);
  constexpr std::size_t kLead = 96;
  constexpr std::size_t kPrefix = 16;
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  // https://rpm.org/docs/ (file format): lead, signature header padded to 8 bytes, header, payload
  if (bytes.size() < kLead + kPrefix || bytes.compare(kLead, 3, "\x8e\xad\xe8") != 0)
    throw_error(Code::data_loss, "read package {}: it has no signature header", path);
  const std::size_t size = kPrefix + 16 * number(kLead + 8) + number(kLead + 12);
  const std::size_t begin = kLead + (size + 7) / 8 * 8;
  if (begin >= bytes.size())
    throw_error(Code::data_loss, "read package {}: it ends in its signature header", path);
  return pipeline::sha256_of_text(std::string_view(bytes).substr(begin));
}

std::string unsigned_metadata(std::string xml, bool keys_differ) {
  static const std::regex signature_parts(
      "<checksum type=\"sha256\" pkgid=\"YES\">[0-9a-f]*</checksum>|pkgid=\"[0-9a-f]*\""
      "|<time file=\"[0-9]*\"|<size package=\"[0-9]*\"|<rpm:header-range [^>]*/>");
  xml = std::regex_replace(xml, signature_parts, "");
  if (!keys_differ) return xml;
  std::string rest;
  constexpr std::string_view kOpen = "<package ";
  constexpr std::string_view kClose = "</package>";
  std::size_t from = 0;
  for (std::size_t at = xml.find(kOpen); at != std::string::npos; at = xml.find(kOpen, from)) {
    rest += xml.substr(from, at - from);
    const std::size_t end =
        std::min(xml.find(kClose, at), xml.size() - kClose.size()) + kClose.size();
    const std::string entry = xml.substr(at, end - at);
    if (entry.find("<name>kata-release-") == std::string::npos &&
        entry.find("name=\"kata-release-") == std::string::npos)
      rest += entry;
    from = end;
  }
  return rest + xml.substr(from);
}

}  // namespace kata::build
