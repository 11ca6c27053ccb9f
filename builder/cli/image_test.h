// SPDX-License-Identifier: Apache-2.0
//
// `katabuild image --test`: an image under the real kata-runtime.
#pragma once

#include <string>

namespace kata::cli {

struct ImageTestOptions {
  bool after_build = false;
  std::string image;    ///< of --test-image: build nothing
  std::string runtime;  ///< empty: found

  [[nodiscard]] bool is_wanted() const noexcept { return after_build || !image.empty(); }
};

/// Boots `image` with the kernel that `kernel_config` is about and prints what the start took.
/// Throws Error.
void run_image_test(const ImageTestOptions& options, const std::string& image,
                    const std::string& kernel_config);

}  // namespace kata::cli
