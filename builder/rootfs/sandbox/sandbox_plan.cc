// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/sandbox_plan.h"

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace kata::rootfs {
namespace {

Json to_json(const std::vector<IdRange>& ranges) {
  Json list = Json::array();
  for (const IdRange& range : ranges) list.push_back({range.inside, range.outside, range.count});
  return list;
}

std::vector<IdRange> ranges_from(const Json& list) {
  std::vector<IdRange> ranges;
  for (const Json& item : list) {
    ranges.push_back({.inside = item.at(0).get<std::uint32_t>(),
                      .outside = item.at(1).get<std::uint32_t>(),
                      .count = item.at(2).get<std::uint32_t>()});
  }
  return ranges;
}

}  // namespace

std::string to_text(const SandboxPlan& plan) {
  Json binds = Json::array();
  for (const SandboxBind& bind : plan.binds)
    binds.push_back({{"from", bind.from}, {"to", bind.to}, {"writable", bind.writable}});
  Json steps = Json::array();
  for (const SandboxStep& step : plan.steps)
    steps.push_back({{"argv", step.argv},
                     {"env", step.env},
                     {"root", step.root},
                     {"enters", step.enters},
                     {"output", step.output}});
  return Json{{"users", to_json(plan.ids.users)},
              {"groups", to_json(plan.ids.groups)},
              {"by_helpers", plan.ids.by_helpers},
              {"network", plan.network},
              {"memory", plan.memory},
              {"binds", binds},
              {"steps", steps}}
      .dump();
}

SandboxPlan sandbox_plan_from_text(std::string_view text) {
  const Json json = parse_json(text, "the sandbox's plan");
  try {
    SandboxPlan plan;
    plan.ids.users = ranges_from(json.at("users"));
    plan.ids.groups = ranges_from(json.at("groups"));
    plan.ids.by_helpers = json.at("by_helpers").get<bool>();
    plan.network = json.at("network").get<bool>();
    plan.memory = json.at("memory").get<std::uint64_t>();
    for (const Json& bind : json.at("binds")) {
      plan.binds.push_back({.from = bind.at("from").get<std::string>(),
                            .to = bind.at("to").get<std::string>(),
                            .writable = bind.at("writable").get<bool>()});
    }
    for (const Json& step : json.at("steps")) {
      plan.steps.push_back({.argv = step.at("argv").get<std::vector<std::string>>(),
                            .env = step.at("env").get<std::vector<std::string>>(),
                            .root = step.at("root").get<std::string>(),
                            .enters = step.at("enters").get<bool>(),
                            .output = step.at("output").get<std::string>()});
    }
    return plan;
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "the sandbox's plan: {}", error.what());
  }
}

}  // namespace kata::rootfs
