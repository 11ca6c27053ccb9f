// SPDX-License-Identifier: Apache-2.0
#include "runtime/completion/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "runtime/base/text.h"

namespace kata::completion {
namespace {

/// Collects the lines that begin as the unfinished word does.
class Answer {
 public:
  explicit Answer(std::string begin) : begin_(std::move(begin)) {}
  void offer(const std::string& word, const std::string& help) {
    if (!word.starts_with(begin_)) return;
    lines_ += word;
    // the first line of a help that has many
    if (!help.empty()) lines_ += "\t" + help.substr(0, help.find('\n'));
    lines_ += "\n";
  }
  void offer_files() { files_ = true; }
  [[nodiscard]] std::string text() const { return files_ ? lines_ + kFiles + "\n" : lines_; }

 private:
  std::string begin_;
  std::string lines_;
  bool files_ = false;
};

/// Where the finished words have led.
struct Position {
  const CLI::App* app = nullptr;
  const CLI::Option* option = nullptr;  ///< whose value comes next
  std::size_t arguments = 0;            ///< that the verb has got
};

const CLI::App* verb_of(const CLI::App& app, const std::string& word) {
  const auto verbs =
      app.get_subcommands([&](const CLI::App* verb) { return verb->check_name(word); });
  return verbs.empty() ? nullptr : verbs.front();
}

Position walk(const CLI::App& app, const std::vector<std::string>& words) {
  Position position{.app = &app};
  for (const std::string& word : words) {
    if (position.option != nullptr) {
      position.option = nullptr;
    } else if (word.size() > 1 && word.front() == '-') {
      if (word.find('=') != std::string::npos) continue;
      const CLI::Option* option = position.app->get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected_max() > 0) position.option = option;
    } else if (const CLI::App* verb = verb_of(*position.app, word); verb != nullptr) {
      position.app = verb;
    } else {
      ++position.arguments;
    }
  }
  return position;
}

/// "{text,json}" in the option's type, which is how CLI11 tells that only these are valid.
std::vector<std::string> listed_values(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return split_text(std::string_view(type).substr(begin + 1, end - begin - 1), ',');
}

void offer_values(const CLI::Option& option, const Values& values, Answer& answer) {
  const std::vector<std::string> listed = listed_values(option);
  for (const std::string& value : listed) answer.offer(value, "");
  const auto existing = values.find(option.get_single_name());
  if (existing != values.end()) {
    for (const std::string& value : existing->second()) answer.offer(value, "");
  } else if (listed.empty()) {
    answer.offer_files();
  }
}

void offer_options(const CLI::App& app, bool with_short, Answer& answer) {
  for (const CLI::Option* option : app.get_options({})) {
    for (const std::string& name : option->get_lnames())
      answer.offer("--" + name, option->get_description());
    if (!with_short) continue;
    for (const std::string& name : option->get_snames())
      answer.offer("-" + name, option->get_description());
  }
}

}  // namespace

std::string complete(const CLI::App& app, std::vector<std::string> words, const Values& values) {
  // bash makes "--root=x" three words
  if (!words.empty() && words.back() == "=") words.back().clear();
  std::erase(words, "=");
  std::string last;
  if (!words.empty()) {
    last = words.back();
    words.pop_back();
  }
  Answer answer(last);
  const Position position = walk(app, words);
  if (position.option != nullptr) {
    offer_values(*position.option, values, answer);
    return answer.text();
  }
  if (last.starts_with('-')) {
    offer_options(*position.app, !last.starts_with("--"), answer);
    return answer.text();
  }
  const auto verbs = position.app->get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* verb : verbs) {
    if (!verb->get_group().empty()) answer.offer(verb->get_name(), verb->get_description());
  }
  if (!verbs.empty()) return answer.text();
  std::size_t index = 0;
  for (const CLI::Option* option : position.app->get_options({})) {
    if (!option->get_positional()) continue;
    const bool takes_more = option->get_items_expected_max() > 1;
    if (index++ == position.arguments || (takes_more && position.arguments >= index)) {
      offer_values(*option, values, answer);
      return answer.text();
    }
  }
  answer.offer_files();
  return answer.text();
}

}  // namespace kata::completion
