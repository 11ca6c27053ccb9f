// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/pages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "builder/pipeline/template.h"
#include "builder/repo/xml_text.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

constexpr std::size_t kChangelogEntries = 3;
constexpr std::size_t kLatestChange = 100;  ///< bytes of it that are shown at once

std::string date(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// "Oracle Linux 9" for el9.
std::string release_title(const std::string& release) {
  return "Oracle Linux " + release.substr(2);
}

std::string installer(const std::string& release) { return release == "el7" ? "yum" : "dnf"; }

/// The newest entries of a package's changelog: createrepo_c writes the oldest first.
std::vector<pipeline::TemplateValues> changelog_of(const Package& package) {
  std::vector<pipeline::TemplateValues> entries;
  std::string_view rest = package.other;
  for (std::size_t at = rest.rfind("<changelog "); at != std::string_view::npos;
       at = rest.rfind("<changelog ")) {
    const std::string_view entry = rest.substr(at);
    std::int64_t when = 0;
    const std::string_view seconds = attribute_of(entry, "changelog", "date").value_or("0");
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), when);
    pipeline::TemplateValues values;
    values.values["date"] = date(when);
    values.values["author"] = unescaped(attribute_of(entry, "changelog", "author").value_or(""));
    values.values["text"] = unescaped(content_of(entry, "changelog").value_or(""));
    entries.push_back(std::move(values));
    if (entries.size() == kChangelogEntries) break;
    rest = rest.substr(0, at);
  }
  return entries;
}

/// The newest change in a line, for whoever only looks.
std::string latest_change(const std::vector<pipeline::TemplateValues>& changelog) {
  if (changelog.empty()) return "Details";
  const std::string& text = *changelog.front().values.find("text");
  const std::size_t begin = std::min(text.find_first_not_of("-* \n"), text.size());
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  std::string line = text.substr(begin, end - begin);
  if (line.size() > kLatestChange) {
    std::size_t cut = kLatestChange;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xc0U) == 0x80U) --cut;  // UTF-8
    line.replace(cut, std::string::npos, "…");
  }
  return *changelog.front().values.find("date") + ": " + line;
}

pipeline::TemplateValues package_values(const Package& package, bool has_sbom) {
  pipeline::TemplateValues values;
  values.values["package"] = package.name;
  values.values["version"] = package.version + "-" + package.release;
  values.values["arch"] = package.arch;
  values.values["size"] = size_text(package.size);
  values.values["date"] = date(package.build_time);
  values.values["summary"] = unescaped(content_of(package.primary, "summary").value_or(""));
  values.values["location"] = package.location;
  values.values["sha256"] = package.sha256;
  values.lists["changelog"] = changelog_of(package);
  values.values["latest_change"] = latest_change(values.lists["changelog"]);
  values.lists["sbom"].resize(has_sbom ? 1 : 0);
  return values;
}

pipeline::TemplateValues common_values(const recipe::RepoRecipe& recipe) {
  pipeline::TemplateValues values;
  values.values["title"] = recipe.title;
  values.values["name"] = recipe.name;
  values.values["base_url"] = recipe.base_url;
  values.values["key"] = key_name(recipe);
  return values;
}

void add_release(pipeline::TemplateValues& values, const recipe::RepoRecipe& recipe,
                 const std::string& release, const std::string& architecture) {
  values.values["release"] = release;
  values.values["arch"] = architecture;
  values.values["release_title"] = release_title(release);
  values.values["installer"] = installer(release);
  values.values["repo_id"] = repo_id(recipe, architecture);
  values.values["repo_file"] = recipe.name + "-" + release + ".repo";
}

}  // namespace

std::string repo_id(const recipe::RepoRecipe& recipe, const std::string& architecture) {
  return recipe.name + (architecture == "src" ? "-source" : "");
}

std::string find_release_package(const recipe::RepoRecipe& recipe, const std::string& release,
                                 const Packages& packages) {
  const std::string name = recipe.name + "-release-" + release;
  for (const PackagePtr& package : packages) {
    if (package->name == name && package->arch != "src") return package->location;
  }
  return {};
}

std::string key_name(const recipe::RepoRecipe& recipe) { return "RPM-GPG-KEY-" + recipe.name; }

std::string make_repo_file(const recipe::RepoRecipe& recipe, const recipe::RepoChannel& channel,
                           const std::string& templates) {
  std::string text;
  bool binary = false;
  bool source = false;
  for (const std::string& architecture : channel.architectures) {
    bool& done = architecture == "src" ? source : binary;
    if (done) continue;  // one section with $basearch serves all architectures
    done = true;
    pipeline::TemplateValues values = common_values(recipe);
    add_release(values, recipe, channel.release, architecture);
    values.values["arch"] = architecture == "src" ? "src" : "$basearch";
    values.values["section_title"] =
        fmt::format("{} ({}{})", recipe.title, release_title(channel.release),
                    architecture == "src" ? ", sources" : "");
    values.values["enabled"] = architecture == "src" ? "0" : "1";
    text += (text.empty() ? "" : "\n") +
            pipeline::fill_template(join_path(templates, "kata.repo.in"), values);
  }
  return text;
}

std::string make_packages_page(const recipe::RepoRecipe& recipe, const PageContent& content,
                               const std::string& templates) {
  pipeline::TemplateValues values = common_values(recipe);
  add_release(values, recipe, content.release, content.architecture);
  values.values["count"] = std::to_string(content.packages.size());
  std::vector<pipeline::TemplateValues> rows;
  rows.reserve(content.packages.size());
  const Package* last = nullptr;
  for (const PackagePtr& package : content.packages) {
    rows.push_back(package_values(*package, content.sboms.contains(package->location)));
    const bool is_older = last && last->name == package->name && last->arch == package->arch;
    rows.back().values["age"] = is_older ? "older" : "newest";
    last = package.get();
  }
  values.lists["packages"] = std::move(rows);
  // a source repository is looked through, not installed from
  values.lists["install"].resize(content.architecture == "src" ? 0 : 1);
  std::vector<pipeline::TemplateValues> files;
  for (const std::string& name : content.attachments)
    files.emplace_back().values["attachment"] = name;
  values.lists["provenance"].resize(files.empty() ? 0 : 1);
  if (!files.empty()) values.lists["provenance"].front().lists["attachments"] = std::move(files);
  return pipeline::fill_template(join_path(templates, "packages.html.in"), values);
}

std::string make_root_page(const recipe::RepoRecipe& recipe, std::span<const PageEntry> entries,
                           const std::string& fingerprint, const std::string& templates) {
  pipeline::TemplateValues values = common_values(recipe);
  values.values["fingerprint"] = fingerprint;
  std::vector<pipeline::TemplateValues> channels;
  std::vector<pipeline::TemplateValues> releases;
  std::string last;
  for (const PageEntry& entry : entries) {
    pipeline::TemplateValues row;
    add_release(row, recipe, entry.release, entry.architecture);
    row.values["count"] = std::to_string(entry.packages);
    std::vector<pipeline::TemplateValues>& frozen = row.lists["frozen"];
    for (const std::string& name : entry.frozen) frozen.emplace_back().values["frozen_name"] = name;
    const bool has_package = !entry.release_package.empty();
    row.values["release_package"] = entry.release_package;
    row.lists["by_package"].resize(has_package ? 1 : 0);
    row.lists["by_file"].resize(has_package ? 0 : 1);
    if (entry.architecture != "src" && entry.release != last) {
      releases.push_back(row);
      last = entry.release;
    }
    channels.push_back(std::move(row));
  }
  values.lists["channels"] = std::move(channels);
  values.lists["releases"] = std::move(releases);
  return pipeline::fill_template(join_path(templates, "index.html.in"), values);
}

}  // namespace kata::repo
