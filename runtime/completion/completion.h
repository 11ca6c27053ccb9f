// SPDX-License-Identifier: Apache-2.0
//
// What a shell offers when the user presses Tab: asked of the program itself, so that the answer
// always fits its verbs and options. The scripts under rpm/files ask by the hidden verb
// `__complete`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kata::completion {

/// The hidden verb's name; the words of the command line follow, the last one unfinished.
constexpr const char* kVerb = "__complete";
/// The answer's last line when names of files fit too.
constexpr const char* kFiles = ":files";

/// Names that exist, by the option's or argument's name ("container-id").
using Values = std::map<std::string, std::function<std::vector<std::string>()>>;

/// What may stand in the place of the last of `words` (without the program's name): one line each,
/// "WORD" or "WORD<tab>what it is", those that begin as the last word does; then perhaps kFiles.
[[nodiscard]] std::string complete(const CLI::App& app, std::vector<std::string> words,
                                   const Values& values);

}  // namespace kata::completion
