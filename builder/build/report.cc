// SPDX-License-Identifier: Apache-2.0
#include "builder/build/report.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

constexpr const char* kReport = "report.json";

double rounded(double seconds) { return std::round(seconds * 1000) / 1000; }

Json last_report(const std::string& path) {
  try {
    if (const auto text = read_file_if_exists(path)) return parse_json(*text, path);
  } catch (const Error&) {  // half of a report, or none of ours: everything is new
  }
  return nullptr;
}

std::vector<Output> outputs_of(const Json& report) {
  std::vector<Output> outputs;
  try {
    if (report.is_object()) {
      for (const Json& entry : report.at("outputs"))
        outputs.push_back({entry.at("path").get<std::string>(),
                           entry.at("sha256").get<std::string>(),
                           entry.at("size").get<std::uint64_t>()});
    }
  } catch (const Json::exception&) {
    outputs.clear();
  }
  return outputs;
}

bool is_complete(const Report& report) {
  return std::all_of(report.stages.begin(), report.stages.end(), [](const StageRecord& stage) {
    return stage.state == StageState::built || stage.state == StageState::up_to_date;
  });
}

}  // namespace

const char* state_name(StageState state) noexcept {
  switch (state) {
    case StageState::up_to_date:
      return "up to date";
    case StageState::built:
      return "built";
    case StageState::failed:
      return "failed";
    case StageState::not_run:
      break;
  }
  return "not run";
}

std::vector<Change> changes_since(const Json& before, const Report& report) {
  std::map<std::string, Output> old;
  for (const Output& output : outputs_of(before)) old[output.path] = output;
  std::vector<Change> changes;
  for (const Output& output : report.outputs) {
    const auto known = old.find(output.path);
    if (known == old.end()) {
      changes.push_back({output.path, "new", output.size, static_cast<std::int64_t>(output.size)});
      continue;
    }
    if (known->second.sha256 != output.sha256) {
      changes.push_back(
          {output.path, "changed", output.size,
           static_cast<std::int64_t>(output.size) - static_cast<std::int64_t>(known->second.size)});
    }
    old.erase(known);
  }
  for (const auto& [path, output] : old)
    changes.push_back({path, "gone", 0, -static_cast<std::int64_t>(output.size)});
  return changes;
}

Json to_json(const Report& report, const std::vector<Change>& changes) {
  Json stages = Json::array();
  for (const StageRecord& stage : report.stages) {
    Json entry{{"name", stage.name},
               {"state", state_name(stage.state)},
               {"seconds", rounded(stage.seconds)},
               {"detail", stage.detail}};
    if (!stage.error.empty()) entry["error"] = stage.error;
    stages.push_back(std::move(entry));
  }
  Json outputs = Json::array();
  for (const Output& output : report.outputs)
    outputs.push_back({{"path", output.path}, {"sha256", output.sha256}, {"size", output.size}});
  Json list = Json::array();
  for (const Change& change : changes)
    list.push_back({{"path", change.path},
                    {"what", change.what},
                    {"size", change.size},
                    {"growth", change.growth}});
  return Json{{"kind", "build"},
              {"name", report.name},
              {"recipe", report.recipe},
              {"options", report.options},
              {"katabuild", KATA_VERSION},
              {"began", report.began},
              {"seconds", rounded(report.seconds)},
              {"stages", stages},
              {"changes", list},
              {"outputs", outputs}};
}

void write_report(const Report& report, const std::string& folder) {
  make_directories(folder);
  const std::string path = join_path(folder, kReport);
  Report whole = report;
  const Json before = last_report(path);
  std::vector<Change> changes;
  if (is_complete(report)) {
    changes = changes_since(before, report);
  } else {
    whole.outputs = outputs_of(before);  // the next build compares itself with the last whole one
  }
  write_file_atomic(path, to_json(whole, changes).dump(2) + "\n");
  write_file_atomic(join_path(folder, "report.html"), report_page(whole, changes));
}

}  // namespace kata::build
