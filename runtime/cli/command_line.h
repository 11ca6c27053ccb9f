// SPDX-License-Identifier: Apache-2.0
//
// The command line as the verbs describe it. CLI11 does the work in command_line.cc, which keeps it
// out of every verb's file, for compile time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/runtime.h"

namespace CLI {
class App;
}

namespace kata::cli {

/// Describes one verb. Names are "--pid-file" or "-b,--bundle".
class Verb {
 public:
  struct Details;
  Verb(CLI::App* app, Details* details) : app_(app), details_(details) {}

  Verb& flag(const char* names, bool& target, const char* help);
  Verb& value(const char* names, std::string& target, const char* help);
  Verb& number(const char* names, std::optional<std::int64_t>& target, const char* help);
  /// May be given many times.
  Verb& values(const char* names, std::vector<std::string>& target, const char* help);
  /// The container's id, required.
  Verb& id(std::string& target);
  Verb& argument(const char* name, std::string& target, const char* help);
  /// Everything behind the arguments named so far, options included: `exec ID ls -l`.
  Verb& tail(std::vector<std::string>& target, const char* help);
  void run(Action action);

 private:
  CLI::App* app_;
  Details* details_;
};

class CommandLine {
 public:
  explicit CommandLine(GlobalOptions& globals);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Verb verb(const char* name, const char* help, const char* alias = nullptr);

  struct Parsed {
    Action action;  ///< empty: nothing is to be run, `status` is the program's
    int status = 0;
    std::string usage_error;  ///< for standard error
    std::string text;         ///< for standard output: the help that was asked for
  };
  /// `words` without the program's name.
  [[nodiscard]] Parsed parse(std::vector<std::string> words);
  /// What a shell may offer for the last of `words`; completion::complete().
  [[nodiscard]] std::string complete(const std::vector<std::string>& words) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kata::cli
