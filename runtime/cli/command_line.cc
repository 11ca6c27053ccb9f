// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <list>

#include "runtime/completion/completion.h"

namespace kata::cli {

struct Verb::Details {
  std::string name;
  std::string alias;
  Action action;
  std::vector<std::string>* tail = nullptr;
};

struct CommandLine::Impl {
  CLI::App app{"Runs OCI containers, each in a virtual machine of its own (QEMU).", "kata-runtime"};
  std::list<Verb::Details> verbs;  // addresses must stay
};

namespace {

/// How many words the option `word` takes along with itself; options with "=" take none more.
bool takes_value(const CLI::App& app, const std::string& word) {
  if (word.find('=') != std::string::npos) return false;
  // Of "-itd" only the last letter can take a value.
  const std::string name = word.starts_with("--") ? word : std::string("-") + word.back();
  const CLI::Option* option = app.get_option_no_throw(name);
  return option != nullptr && option->get_items_expected_max() > 0;
}

/// runc takes its long options with one dash as well, as Go programs do; CLI11 wants two.
void add_second_dash(const CLI::App& app, std::string& word) {
  if (word.size() < 3 || !word.starts_with('-') || word.starts_with("--")) return;
  const std::string name = "-" + word.substr(0, word.find('='));
  if (app.get_option_no_throw(name) != nullptr) word.insert(0, 1, '-');
}

/// The index in `words`, from `begin`, of the first word that is neither an option of `app` nor an
/// option's value; their number when there is none. Options before it get both dashes.
std::size_t first_argument(const CLI::App& app, std::vector<std::string>& words,
                           std::size_t begin) {
  for (std::size_t i = begin; i < words.size(); ++i) {
    if (!words[i].starts_with('-') || words[i].size() == 1) return i;
    add_second_dash(app, words[i]);
    if (takes_value(app, words[i])) ++i;
  }
  return words.size();
}

std::string no_such_verb(const std::string& name) {
  if (name == "checkpoint" || name == "restore") {
    return name +
           ": the processes of a container are in a virtual machine, which can be neither "
           "checkpointed nor restored";
  }
  return "unknown command \"" + name + "\"; see: kata-runtime --help";
}

}  // namespace

Verb& Verb::flag(const char* names, bool& target, const char* help) {
  app_->add_flag(names, target, help);
  return *this;
}

Verb& Verb::value(const char* names, std::string& target, const char* help) {
  app_->add_option(names, target, help);
  return *this;
}

Verb& Verb::number(const char* names, std::optional<std::int64_t>& target, const char* help) {
  app_->add_option(names, target, help);
  return *this;
}

Verb& Verb::values(const char* names, std::vector<std::string>& target, const char* help) {
  app_->add_option(names, target, help)->allow_extra_args(false);
  return *this;
}

Verb& Verb::id(std::string& target) {
  app_->add_option("container-id", target, "The container's id")->required();
  return *this;
}

Verb& Verb::argument(const char* name, std::string& target, const char* help) {
  app_->add_option(name, target, help);
  return *this;
}

Verb& Verb::tail(std::vector<std::string>& target, const char* help) {
  details_->tail = &target;
  app_->footer(help);
  return *this;
}

void Verb::run(Action action) { details_->action = std::move(action); }

CommandLine::CommandLine(GlobalOptions& globals) : impl_(std::make_unique<Impl>()) {
  CLI::App& app = impl_->app;
  app.require_subcommand(0, 1);
  app.add_option("--root", globals.root, "State directory")->capture_default_str();
  app.add_option("--log", globals.log, "File for log lines and errors");
  app.add_option("--log-format", globals.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  // The sandbox process reads it too, from another working folder.
  const auto make_absolute = [](const std::string& path) {
    return std::filesystem::absolute(path).string();
  };
  app.add_option("--config", globals.config, "Configuration file")
      ->check(CLI::ExistingFile)
      ->transform(make_absolute);
  app.add_option("--rootless", globals.rootless, "Accepted for compatibility");
  app.add_option("--criu", globals.criu, "Accepted: there is no checkpoint");
  app.add_flag("--systemd-cgroup", globals.systemd_cgroup,
               "Accepted: the form of linux.cgroupsPath tells");
  app.add_flag("--debug", globals.debug, "Log each step");
  app.add_flag("-v,--version", globals.version, "Print the version");
}

CommandLine::~CommandLine() = default;

Verb CommandLine::verb(const char* name, const char* help, const char* alias) {
  CLI::App* app = impl_->app.add_subcommand(name, help);
  if (alias != nullptr) app->alias(alias);
  Verb::Details& details = impl_->verbs.emplace_back();
  details.name = name;
  details.alias = alias != nullptr ? alias : "";
  return {app, &details};
}

std::string CommandLine::complete(const std::vector<std::string>& words) const {
  std::string root = GlobalOptions().root;
  if (const auto at = std::find(words.begin(), words.end(), "--root"); words.end() - at > 2)
    root = *(at + 1);
  const std::vector<std::string> signals = {"HUP",  "INT",  "QUIT", "KILL", "USR1",
                                            "USR2", "TERM", "CONT", "STOP"};
  const completion::Values values = {{"container-id", [&] { return ContainerStore(root).ids(); }},
                                     {"signal", [&] { return signals; }},
                                     {"format", [] {
                                        return std::vector<std::string>{"table", "json"};
                                      }}};
  return completion::complete(impl_->app, words, values);
}

CommandLine::Parsed CommandLine::parse(std::vector<std::string> words) {
  CLI::App& app = impl_->app;
  const std::size_t verb_at = first_argument(app, words, 0);
  if (verb_at < words.size() && words[verb_at] == "help") {
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(verb_at));
    words.resize(std::min(words.size(), verb_at + 1));
    words.emplace_back("--help");
  }
  Verb::Details* chosen = nullptr;
  std::string unknown;
  if (verb_at < words.size() && !words[verb_at].starts_with('-')) {
    const std::string& name = words[verb_at];
    for (Verb::Details& verb : impl_->verbs) {
      if (verb.name == name || (!verb.alias.empty() && verb.alias == name)) chosen = &verb;
    }
    // Nothing behind it is read, --help neither: Podman asks by `checkpoint --help` whether there
    // is such a verb, and looks at the status.
    if (chosen == nullptr) {
      unknown = no_such_verb(name);
      words.resize(verb_at);
    }
  }
  if (chosen != nullptr) {
    const CLI::App& verb_app = *app.get_subcommand(chosen->name);
    std::size_t at = first_argument(verb_app, words, verb_at + 1);
    if (chosen->tail != nullptr) {
      const auto cut = words.begin() + static_cast<std::ptrdiff_t>(std::min(at + 1, words.size()));
      chosen->tail->assign(cut, words.end());
      words.erase(cut, words.end());
      if (!chosen->tail->empty() && chosen->tail->front() == "--") {
        chosen->tail->erase(chosen->tail->begin());
      }
    }
    while (at < words.size()) at = first_argument(verb_app, words, at + 1);
  }
  std::reverse(words.begin(), words.end());  // what CLI11 wants
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return {.action = {}, .status = 0, .usage_error = {}, .text = app.help()};
  } catch (const CLI::ParseError& error) {
    return {.action = {}, .status = 2, .usage_error = error.what(), .text = {}};
  }
  if (!unknown.empty()) return {.action = {}, .status = 2, .usage_error = unknown, .text = {}};
  if (chosen == nullptr || !chosen->action) {
    return {.action = {}, .status = 0, .usage_error = {}, .text = app.help()};
  }
  return {.action = chosen->action, .status = 0, .usage_error = {}, .text = {}};
}

}  // namespace kata::cli
