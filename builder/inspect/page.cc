// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/page.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "builder/inspect/summary.h"
#include "builder/pipeline/template.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

using pipeline::TemplateValues;

constexpr std::size_t kLine = 4096;
constexpr std::size_t kRows = 25;
constexpr std::size_t kChildren = 300;       ///< of a folder in the map; the smallest become one
constexpr std::uint64_t kSmallest = 40'000;  ///< parts of the whole: what is less cannot be seen

struct Box {
  std::uint64_t size = 0;
  std::uint64_t files = 0;
  std::map<std::string, std::unique_ptr<Box>> children;
};

void add_file(Box& root, const std::string& path, std::uint64_t size) {
  Box* box = &root;
  for (std::size_t from = 0;;) {
    box->size += size;
    ++box->files;
    if (from > path.size()) return;
    const std::size_t slash = std::min(path.find('/', from), path.size());
    std::unique_ptr<Box>& child = box->children[path.substr(from, slash - from)];
    if (!child) child = std::make_unique<Box>();
    box = child.get();
    from = slash + 1;
  }
}

/// [name, size] of a file, [name, size, files, [children...]] of a folder. What is too small to be
/// seen, or more than can be, becomes one box.
Json box_json(const std::string& name, const Box& box, std::uint64_t smallest, int depth) {
  Json json = Json::array({foreign_line(name, kLine), box.size});
  if (box.children.empty()) return json;
  std::vector<std::pair<std::string, const Box*>> children;
  for (const auto& [child_name, child] : box.children)
    children.emplace_back(child_name, child.get());
  std::stable_sort(children.begin(), children.end(),
                   [](const auto& a, const auto& b) { return a.second->size > b.second->size; });
  Json list = Json::array();
  Box rest;
  for (const auto& [child_name, child] : children) {
    if (depth > 0 && list.size() < kChildren && child->size >= smallest) {
      list.push_back(box_json(child_name, *child, smallest, depth - 1));
    } else {
      rest.size += child->size;
      rest.files += std::max<std::uint64_t>(child->files, 1);
    }
  }
  if (rest.files > 0) {
    list.push_back(Json::array(
        {fmt::format("{} small {}", rest.files, rest.files == 1 ? "file" : "files"), rest.size}));
  }
  json.push_back(box.files);
  json.push_back(std::move(list));
  return json;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:.1f}",
                     whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::vector<TemplateValues> share_rows(const std::vector<Share>& shares, std::uint64_t whole) {
  std::vector<TemplateValues> rows;
  for (std::size_t i = 0; i < shares.size() && i < kRows; ++i) {
    TemplateValues& row = rows.emplace_back();
    row.values["name"] = foreign_line(shares[i].name, kLine);
    row.values["size"] = size_text(shares[i].size);
    row.values["bytes"] = std::to_string(shares[i].size);
    row.values["percent"] = percent(shares[i].size, whole);
    row.values["files"] = std::to_string(shares[i].files);
  }
  return rows;
}

/// A table that is left out when it has no rows.
void add_table(TemplateValues& page, std::string_view name, std::vector<TemplateValues> rows) {
  std::vector<TemplateValues> tables;
  if (!rows.empty()) tables.emplace_back().lists["rows"] = std::move(rows);
  page.lists[name] = std::move(tables);
}

std::vector<TemplateValues> fact_rows(const Inspection& inspection, const Summary& summary) {
  std::vector<TemplateValues> rows;
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    TemplateValues& row = rows.emplace_back();
    row.values["name"] = name;
    row.values["value"] = foreign_line(value, kLine);
  };
  add("format", format_text(inspection));
  if (inspection.disk && inspection.disk->verity)
    add("verity root hash", inspection.disk->verity->root_hash);
  add("size", fmt::format("{} ({} unpacked)", size_text(inspection.size),
                          size_text(inspection.content.unpacked_size)));
  add("sha256", inspection.sha256);
  add("distribution", inspection.distribution.title);
  add("contents",
      fmt::format("{} files of {}, {} folders, {} symbolic links, {} devices", summary.files,
                  size_text(summary.size), summary.folders, summary.links, summary.devices));
  if (inspection.agent) {
    add("agent", inspection.agent->path + ", " + size_text(inspection.agent->size));
    add("agent's build id", inspection.agent->build_id);
  }
  add("kernel parameters", inspection.kernel_parameters);
  if (!inspection.packages.list.empty()) {
    add("packages",
        fmt::format("{}, by {}", inspection.packages.list.size(), inspection.packages.source));
  }
  for (const std::string& note : inspection.notes) add("note", note);
  return rows;
}

std::vector<TemplateValues> package_rows(const Inspection& inspection) {
  std::vector<TemplateValues> rows;
  std::map<std::size_t, std::uint64_t> sizes;
  for (const auto& [path, place] : inspection.owners) {
    const ImageEntry& item = inspection.content.entries.at(path);
    if (item.is_first_name) sizes[place] += item.entry.size;
  }
  for (std::size_t i = 0; i < inspection.packages.list.size(); ++i) {
    const Package& package = inspection.packages.list[i];
    TemplateValues& row = rows.emplace_back();
    row.values["name"] = foreign_line(package.component.name, kLine);
    row.values["version"] = foreign_line(package.component.version, kLine);
    row.values["license"] = foreign_line(package.component.license, kLine);
    row.values["size"] = size_text(sizes[i]);
    row.values["bytes"] = std::to_string(sizes[i]);
  }
  return rows;
}

}  // namespace

std::string inspection_page(const Inspection& inspection) {
  const Summary summary = summarize(inspection, kRows);
  Box root;
  for (const auto& [path, item] : inspection.content.entries) {
    if (item.bytes && item.is_first_name) add_file(root, path, item.entry.size);
  }
  TemplateValues page;
  page.values["title"] = foreign_line(base_name(inspection.path), kLine);
  page.values["version"] = KATA_VERSION;
  page.values["data"] = box_json("/", root, summary.size / kSmallest, 60)
                            .dump(-1, ' ', false, Json::error_handler_t::replace);
  page.lists["facts"] = fact_rows(inspection, summary);
  add_table(page, "folders", share_rows(summary.by_folder, summary.size));
  add_table(page, "largest", share_rows(summary.largest, summary.size));
  std::vector<TemplateValues> privileged;
  for (const Privileged& file : summary.privileged) {
    TemplateValues& row = privileged.emplace_back();
    row.values["name"] = foreign_line(file.path, kLine);
    row.values["what"] = file.what;
    row.values["owner"] = fmt::format("{}:{}", file.uid, file.gid);
  }
  add_table(page, "privileged", std::move(privileged));
  add_table(page, "packages", package_rows(inspection));
  std::string text = pipeline::fill_text(kPageText, page, true, "the inspection's page");
  const std::string_view place = "/*script*/";
  return text.replace(text.find(place), place.size(), kPageScript);
}

}  // namespace kata::inspect
