// SPDX-License-Identifier: Apache-2.0
//
// What every format of an image hands back to the stage.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/json.h"

namespace kata::rootfs {

struct PackedImage {
  std::string path;                     ///< the image, in the work folder
  std::uint64_t uncompressed_size = 0;  ///< bytes of its content when unpacked
  Json facts = Json::object();          ///< the format's own keys of the manifest
  std::string drop_in;                  ///< for the runtime; published beside the image
};

}  // namespace kata::rootfs
