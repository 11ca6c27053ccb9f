// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/git.h"

namespace kata::pipeline {

Command git_command(const std::string& folder, const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {"git", "-c", "safe.directory=*", "-C", folder};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace kata::pipeline
