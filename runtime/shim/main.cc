// SPDX-License-Identifier: Apache-2.0
//
// containerd-shim-kata-v2: the one long-lived process of a sandbox.
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/shim/serve.h"

namespace {

using namespace kata;

constexpr std::string_view kUsage =
    "usage: containerd-shim-kata-v2 serve --id ID --dir DIR [--config FILE] [--debug]\n"
    "       containerd-shim-kata-v2 -v\n"
    "Started by kata-runtime, with its listening sockets as descriptors 3 and 4, and a pipe as "
    "5.\n";

struct Arguments {
  shim::ServeOptions serve;
  std::string verb;
  bool debug = false;
  bool version = false;
};

/// containerd writes long options with one dash, as Go programs do; both forms are taken.
Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with('-')) {
      arguments.verb = word;
      continue;
    }
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto value = [&]() -> const std::string& {
      if (i + 1 >= words.size())
        throw_error(Code::invalid_argument, "option {} needs a value\n{}", words[i], kUsage);
      return words[++i];
    };
    if (word == "id") {
      arguments.serve.id = value();
    } else if (word == "dir") {
      arguments.serve.folder = value();
    } else if (word == "config") {
      arguments.serve.config_flag = value();
    } else if (word == "debug") {
      arguments.debug = true;
    } else if (word == "v" || word == "version") {
      arguments.version = true;
    } else {
      throw_error(Code::invalid_argument, "unknown option {}\n{}", words[i], kUsage);
    }
  }
  return arguments;
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments = parse(words);
  if (arguments.version) {
    std::printf("containerd-shim-kata-v2:\n  Version: %s\n", KATA_VERSION);
    return 0;
  }
  log::to_stderr(arguments.debug ? log::Level::debug : log::Level::info, "containerd-shim-kata-v2");
  if (arguments.verb != "serve" || arguments.serve.id.empty() || arguments.serve.folder.empty()) {
    throw_error(Code::invalid_argument, "nothing to do\n{}", kUsage);
  }
  return shim::serve(arguments.serve);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    log::error("{}", error.what());
    return 1;
  }
}
