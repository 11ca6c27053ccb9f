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

/// The index in `words`, from `begin`, behind the first word that is neither an option nor an
/// option's value.
std::size_t behind_first_argument(const CLI::App& app, const std::vector<std::string>& words,
                                  std::size_t begin) {
  for (std::size_t i = begin; i < words.size(); ++i) {
    if (words[i].starts_with('-') && words[i].size() > 1) {
      if (takes_value(app, words[i])) ++i;
    } else {
      return i + 1;
    }
  }
  return words.size();
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
  const std::size_t behind_verb = behind_first_argument(app, words, 0);
  Verb::Details* chosen = nullptr;
  std::string first;
  if (behind_verb > 0 && behind_verb <= words.size()) {
    first = words[behind_verb - 1];
    for (Verb::Details& verb : impl_->verbs) {
      if (verb.name == first || (!verb.alias.empty() && verb.alias == first)) chosen = &verb;
    }
  }
  if (chosen != nullptr && chosen->tail != nullptr) {
    const CLI::App& verb_app = *app.get_subcommand(chosen->name);
    const std::size_t begin = behind_first_argument(verb_app, words, behind_verb);
    const auto cut = words.begin() + static_cast<std::ptrdiff_t>(begin);
    chosen->tail->assign(cut, words.end());
    words.erase(cut, words.end());
    if (!chosen->tail->empty() && chosen->tail->front() == "--") {
      chosen->tail->erase(chosen->tail->begin());
    }
  }
  std::reverse(words.begin(), words.end());  // what CLI11 wants
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return {.action = {}, .status = 0, .usage_error = {}, .text = app.help()};
  } catch (const CLI::ExtrasError& error) {
    const bool is_verb = chosen == nullptr && !first.starts_with('-');
    return {.action = {},
            .status = 2,
            .usage_error = is_verb ? "unknown command \"" + first + "\"; see: kata-runtime --help"
                                   : error.what(),
            .text = {}};
  } catch (const CLI::ParseError& error) {
    return {.action = {}, .status = 2, .usage_error = error.what(), .text = {}};
  }
  if (chosen == nullptr || !chosen->action) {
    return {.action = {}, .status = 0, .usage_error = {}, .text = app.help()};
  }
  return {.action = chosen->action, .status = 0, .usage_error = {}, .text = {}};
}

}  // namespace kata::cli
