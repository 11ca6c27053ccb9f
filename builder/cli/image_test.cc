// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/image_test.h"

#include <cstdio>

#include "builder/boot/boot_test.h"
#include "builder/inspect/initrd.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::cli {

void run_image_test(const ImageTestOptions& options, const std::string& image,
                    const std::string& kernel_config) {
  boot::BootRequest request;
  request.image = image;
  request.is_disk = !inspect::begins_as_initrd(image);
  if (request.is_disk) {
    const std::string name(base_name(image));
    const std::string companion =
        join_path(parent_path(image), name.substr(0, name.find_last_of('.')) + ".toml");
    if (path_exists(companion)) request.companion = companion;
  }
  request.kernel = boot::find_kernel(kernel_config, image);
  request.runtime = boot::find_runtime(options.runtime);
  pipeline::InterruptibleRunner runner;
  const boot::BootResult result = boot::boot_image(request, runner);
  std::fputs(boot::text_of(result, image).c_str(), stdout);
}

}  // namespace kata::cli
