// SPDX-License-Identifier: Apache-2.0
//
// The four pipelines call ci/pipelines/steps and nothing else: that every step and every variable
// they name exists is checked here, that the steps work in pipeline_test.cc.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;

constexpr const char* kVariable = "(KATABUILD|KATA_[A-Z_]+)";
const std::string kFolder = KATA_SOURCE_DIR "/ci/pipelines/";

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex); it != std::sregex_iterator(); ++it)
    found.insert(it->str(it->size() - 1));
  return found;
}

std::string help() {
  RealCommandRunner runner;
  Command command;
  command.argv = {kFolder + "steps", "help"};
  return run_checked(runner, command).output;
}

std::set<std::string> known_steps() { return matches(help(), "ci/pipelines/steps ([a-z]+)"); }

std::set<std::string> known_variables() { return matches(help(), kVariable); }

/// What is wrong with a command of a pipeline; empty when it is some steps of the script.
std::string problem_of(const std::string& command) {
  const std::string script = "ci/pipelines/steps ";
  if (!command.starts_with(script)) return "it is no step: " + command;
  std::istringstream words(command.substr(script.size()));
  const std::set<std::string> steps = known_steps();
  std::size_t count = 0;
  for (std::string word; words >> word; ++count) {
    if (!steps.contains(word)) return "there is no such step: " + word;
  }
  return count == 0 ? "it names no step" : "";
}

void check_commands(const std::vector<std::string>& commands) {
  for (const std::string& command : commands) CHECK(problem_of(command).empty());
}

/// The commands of a release, in the order in which they must come.
void check_release(const std::vector<std::string>& commands) {
  std::vector<std::string> steps;
  for (const std::string& command : commands)
    steps.push_back(command.substr(command.rfind(' ') + 1));
  INFO(Catch::StringMaker<std::vector<std::string>>::convert(steps));
  auto at = steps.begin();
  for (const char* step : {"prepare", "fetch", "build", "verify", "publish"}) {
    at = std::find(at, steps.end(), step);
    CHECK(at != steps.end());
  }
}

std::vector<std::string> strings(const YAML::Node& list) {
  std::vector<std::string> values;
  for (const YAML::Node& value : list) values.push_back(value.as<std::string>());
  return values;
}

std::set<std::string> names(const YAML::Node& list) {
  std::set<std::string> values;
  for (const YAML::Node& entry : list) CHECK(values.insert(entry["name"].as<std::string>()).second);
  return values;
}

/// Parameters and workspaces that `text` of a Tekton object uses must be those that it declares.
void check_tekton_uses(const YAML::Node& object) {
  YAML::Emitter out;
  out << object["spec"];
  const std::set<std::string> params = names(object["spec"]["params"]);
  const std::set<std::string> workspaces = names(object["spec"]["workspaces"]);
  for (const std::string& name : matches(out.c_str(), R"(\$\(params\.([a-z-]+)\))")) {
    INFO(name);
    CHECK(params.contains(name));
  }
  for (const std::string& name : matches(out.c_str(), R"(\$\(workspaces\.([a-z-]+)\.path\))")) {
    INFO(name);
    CHECK(workspaces.contains(name));
  }
}

/// One task of the pipeline against the Task that it refers to.
void check_tekton_task(const YAML::Node& task, const YAML::Node& definition,
                       const std::set<std::string>& tasks) {
  INFO("task " << task["name"].as<std::string>());
  const std::set<std::string> known = names(definition["spec"]["params"]);
  const std::set<std::string> given = names(task["params"]);
  CHECK(std::includes(known.begin(), known.end(), given.begin(), given.end()));
  const YAML::Node params = definition["spec"]["params"];
  for (const YAML::Node& param : params)
    CHECK((param["default"].IsDefined() || given.contains(param["name"].as<std::string>())));
  const std::set<std::string> places = names(definition["spec"]["workspaces"]);
  const std::set<std::string> bound = names(task["workspaces"]);
  CHECK(std::includes(places.begin(), places.end(), bound.begin(), bound.end()));
  const YAML::Node workspaces = definition["spec"]["workspaces"];
  for (const YAML::Node& workspace : workspaces)
    CHECK((workspace["optional"].as<bool>(false) ||
           bound.contains(workspace["name"].as<std::string>())));
  for (const std::string& earlier : strings(task["runAfter"])) CHECK(tasks.contains(earlier));
}

}  // namespace

TEST_CASE("a pipeline's command that is no step of the script is noticed", "[pipeline]") {
  CHECK(problem_of("ci/pipelines/steps install kernel").empty());
  CHECK(problem_of("ci/pipelines/steps pubish") == "there is no such step: pubish");
  CHECK_FALSE(problem_of("ci/pipelines/steps").empty());
  CHECK_FALSE(problem_of("make all").empty());
}

TEST_CASE("pipelines name variables that the script knows", "[pipeline]") {
  const std::set<std::string> known = known_variables();
  REQUIRE(known.size() > 15);
  const std::string script = read_file(kFolder + "steps");
  std::set<std::string> read = matches(script.substr(script.find("\nset -euo")), kVariable);
  read.erase("KATA_TESTS");  // CMake's
  CHECK(read == known);
  for (const char* file : {"gitlab-ci.yml", "github-actions.yml", "Jenkinsfile", "tekton.yaml"}) {
    std::set<std::string> used = matches(read_file(kFolder + file), kVariable);
    used.erase("KATA_IMAGE");  // the pipelines' own: what the steps run in
    INFO(file);
    CHECK(used.contains("KATA_CACHE"));
    for (const std::string& name : used) {
      INFO(name);
      CHECK(known.contains(name));
    }
  }
}

TEST_CASE("the GitLab pipeline runs steps", "[pipeline]") {
  const YAML::Node pipeline = YAML::LoadFile(kFolder + "gitlab-ci.yml");
  const std::vector<std::string> stages = strings(pipeline["stages"]);
  std::size_t jobs = 0;
  for (const auto& entry : pipeline) {
    if (!entry.second.IsMap() || !entry.second["script"]) continue;
    ++jobs;
    INFO(entry.first.as<std::string>());
    check_commands(strings(entry.second["script"]));
    CHECK(std::count(stages.begin(), stages.end(), entry.second["stage"].as<std::string>()) == 1);
  }
  CHECK(jobs == 2);
  check_release(strings(pipeline["release"]["script"]));
  CHECK(pipeline["release"]["resource_group"].IsDefined());
}

TEST_CASE("the GitHub pipeline runs steps, and gives secrets to those that need them",
          "[pipeline]") {
  const YAML::Node pipeline = YAML::LoadFile(kFolder + "github-actions.yml");
  const YAML::Node jobs = pipeline["jobs"];
  std::vector<std::string> release;
  for (const auto& job : jobs) {
    const std::string name = job.first.as<std::string>();
    for (const YAML::Node& step : job.second["steps"]) {
      CHECK((step["run"].IsDefined() != step["uses"].IsDefined()));
      if (!step["run"]) continue;
      const std::string command = step["run"].as<std::string>();
      check_commands({command});
      if (name == "release") release.push_back(command);
      YAML::Emitter text;
      text << step;
      const std::set<std::string> secrets = matches(text.c_str(), R"(secrets\.(KATA_[A-Z_]+))");
      const bool signs = command.ends_with(" plan") || command.ends_with(" build");
      const bool transfers = command.ends_with(" fetch") || command.ends_with(" publish");
      INFO(command);
      CHECK(secrets.contains("KATA_SIGNING_KEY") == signs);
      CHECK(secrets.contains("KATA_SSH_KEY") == transfers);
    }
  }
  check_release(release);
  CHECK(jobs["release"]["concurrency"]["cancel-in-progress"].as<bool>() == false);
}

TEST_CASE("the Jenkins pipeline runs steps", "[pipeline]") {
  const std::string text = read_file(kFolder + "Jenkinsfile");
  std::vector<std::string> commands;
  const std::regex shell(R"(\bsh\b *\(?['"]+([^'"]*)['"])");
  for (std::sregex_iterator it(text.begin(), text.end(), shell); it != std::sregex_iterator(); ++it)
    commands.push_back(it->str(1));
  CHECK(static_cast<std::size_t>(commands.size()) == matches(text, R"((\n *sh [^\n]*))").size());
  check_commands(commands);
  check_release(commands);
  CHECK(std::count(text.begin(), text.end(), '{') == std::count(text.begin(), text.end(), '}'));
}

TEST_CASE("the Tekton pipeline's tasks run steps and get what they declare", "[pipeline]") {
  std::map<std::string, YAML::Node> definitions;
  YAML::Node pipeline;
  for (const YAML::Node& object : YAML::LoadAllFromFile(kFolder + "tekton.yaml")) {
    check_tekton_uses(object);
    if (object["kind"].as<std::string>() == "Pipeline") {
      pipeline = object["spec"];
    } else {
      definitions[object["metadata"]["name"].as<std::string>()] = object;
    }
  }
  REQUIRE(pipeline.IsDefined());
  std::vector<std::string> commands;
  std::set<std::string> earlier;
  const std::set<std::string> places = names(pipeline["workspaces"]);
  for (const YAML::Node& task : pipeline["tasks"]) {
    const std::string reference = task["taskRef"]["name"].as<std::string>();
    REQUIRE(definitions.count(reference) == 1);
    // a task is listed after those that it waits for
    check_tekton_task(task, definitions.at(reference), earlier);
    earlier.insert(task["name"].as<std::string>());
    for (const YAML::Node& workspace : task["workspaces"])
      CHECK(places.contains(workspace["workspace"].as<std::string>()));
    const YAML::Node step = definitions.at(reference)["spec"]["steps"][0];
    if (reference == "kata-source") {  // there is no script of ours before the sources are there
      for (const std::string& line : matches(step["script"].as<std::string>(), R"(\n([a-z]+) )"))
        CHECK((line == "git" || line == "set"));
      continue;
    }
    std::string command;
    for (const YAML::Node& list : {step["command"], step["args"]}) {
      for (const std::string& word : strings(list)) command += (command.empty() ? "" : " ") + word;
    }
    std::string chosen;
    for (const YAML::Node& param : task["params"]) {
      if (param["name"].as<std::string>() == "step") chosen = param["value"].as<std::string>();
    }
    commands.push_back(std::regex_replace(command, std::regex(R"(\$\(params\.step\))"), chosen));
  }
  check_commands(commands);
  check_release(commands);
  CHECK(std::count(commands.begin(), commands.end(), "ci/pipelines/steps install kernel") == 1);
  CHECK(std::count(commands.begin(), commands.end(), "ci/pipelines/steps install programs") == 1);
}
