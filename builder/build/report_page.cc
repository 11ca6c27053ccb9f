// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>

#include <cstdlib>

#include "builder/build/report.h"
#include "builder/pipeline/template.h"

namespace kata::build {
namespace {

using pipeline::TemplateValues;

constexpr std::string_view kPage = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{name}}: build of {{began}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd }
.number { text-align: right; white-space: nowrap }
td { overflow-wrap: anywhere }
td.stage, td.state, td.failed { white-space: nowrap }
h1 { line-height: 1.2 }
td.failed { color: #b00020; font-weight: 600 }
td.bar { width: 30% }
td.bar div { background: #3b6ea5; height: 1rem; margin-top: .3rem }
code { font-size: 80%; overflow-wrap: anywhere }
pre { background: #f4f4f4; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere }
@media (max-width: 50rem) {
  thead { display: none }
  tr { display: block; padding: .4rem 0; border-bottom: 1px solid #ddd }
  td { display: inline-block; border: 0; padding: 0 .8rem 0 0 }
  td.stage { font-weight: 600 }
  td.bar, td.what { display: block; width: auto }
}
</style>
</head>
<body>
<h1>{{name}}</h1>
<p>Built {{began}} in {{seconds}} s from <code>{{recipe}}</code> with katabuild {{version}}.</p>
<h2>Stages</h2>
<table>
<thead><tr><th>Stage</th><th>State</th><th class="number">Seconds</th><th></th><th>What</th></tr></thead>
<tbody>
{{#stages}}<tr><td class="stage">{{stage}}</td><td class="{{state_class}}">{{state}}</td><td class="number">{{stage_seconds}}</td><td class="bar"><div style="width: {{share}}%"></div></td><td class="what">{{detail}}{{#errors}}<pre>{{error}}</pre>{{/errors}}</td></tr>
{{/stages}}</tbody>
</table>
<h2>Changed since the last build ({{change_count}})</h2>
<table>
<thead><tr><th>Result</th><th>What</th><th class="number">Bytes</th><th class="number">Growth</th></tr></thead>
<tbody>
{{#changes}}<tr><td><code>{{path}}</code></td><td>{{what}}</td><td class="number">{{size}}</td><td class="number">{{growth}}</td></tr>
{{/changes}}</tbody>
</table>
<h2>Results ({{output_count}})</h2>
<table>
<thead><tr><th>Result</th><th class="number">Bytes</th><th>sha256</th></tr></thead>
<tbody>
{{#outputs}}<tr><td><code>{{path}}</code></td><td class="number">{{size}}</td><td class="what"><code>{{sha256}}</code></td></tr>
{{/outputs}}</tbody>
</table>
</body>
</html>
)";

std::string signed_text(std::int64_t number) { return fmt::format("{:+}", number); }

TemplateValues stage_values(const StageRecord& stage, double longest) {
  TemplateValues row;
  row.values["stage"] = stage.name;
  row.values["state"] = state_name(stage.state);
  row.values["state_class"] = stage.state == StageState::failed ? "failed" : "state";
  row.values["stage_seconds"] = fmt::format("{:.1f}", stage.seconds);
  row.values["share"] = fmt::format("{:.0f}", longest > 0 ? stage.seconds * 100 / longest : 0);
  row.values["detail"] = stage.detail;
  std::vector<TemplateValues>& errors = row.lists["errors"];
  if (!stage.error.empty()) errors.emplace_back().values["error"] = stage.error;
  return row;
}

}  // namespace

std::string report_page(const Report& report, const std::vector<Change>& changes) {
  TemplateValues page;
  page.values["name"] = report.name;
  page.values["recipe"] = report.recipe;
  page.values["version"] = KATA_VERSION;
  page.values["began"] =
      fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(report.began)));
  page.values["seconds"] = fmt::format("{:.1f}", report.seconds);
  page.values["change_count"] = std::to_string(changes.size());
  page.values["output_count"] = std::to_string(report.outputs.size());
  double longest = 0;
  for (const StageRecord& stage : report.stages) longest = std::max(longest, stage.seconds);
  std::vector<TemplateValues> stages;
  for (const StageRecord& stage : report.stages) stages.push_back(stage_values(stage, longest));
  page.lists["stages"] = std::move(stages);
  std::vector<TemplateValues> rows;
  for (const Change& change : changes) {
    TemplateValues& row = rows.emplace_back();
    row.values["path"] = change.path;
    row.values["what"] = change.what;
    row.values["size"] = std::to_string(change.size);
    row.values["growth"] = signed_text(change.growth);
  }
  page.lists["changes"] = std::move(rows);
  std::vector<TemplateValues> outputs;
  for (const Output& output : report.outputs) {
    TemplateValues& row = outputs.emplace_back();
    row.values["path"] = output.path;
    row.values["size"] = std::to_string(output.size);
    row.values["sha256"] = output.sha256;
  }
  page.lists["outputs"] = std::move(outputs);
  return pipeline::fill_text(kPage, page, true, "report.html");
}

}  // namespace kata::build
