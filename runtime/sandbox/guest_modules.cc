// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/guest_modules.h"

#include "agent.pb.h"
#include "runtime/base/text.h"

namespace kata::sandbox {

void add_kernel_modules(const std::vector<std::string>& lines,
                        grpc::CreateSandboxRequest& request) {
  for (const std::string& line : lines) {
    grpc::KernelModule* module = nullptr;
    for (const std::string& word : split_text(line, ' ')) {
      if (word.empty()) continue;
      if (module != nullptr) {
        module->add_parameters(word);
        continue;
      }
      module = request.add_kernel_modules();
      module->set_name(word);
    }
  }
}

}  // namespace kata::sandbox
