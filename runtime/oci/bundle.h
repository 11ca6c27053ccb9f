// SPDX-License-Identifier: Apache-2.0
//
// A bundle: a folder with config.json and, usually, the root file system. See the OCI runtime
// specification, bundle.md.
#pragma once

#include <string>

#include "oci.pb.h"

namespace kata::oci {

struct Bundle {
  std::string path;  ///< absolute
  grpc::Spec spec;
  std::string rootfs;  ///< absolute: root.path of config.json, taken from the bundle when relative
};

/// Reads and parses `path`/config.json (not yet validated: see validate_spec). Throws Error:
/// not_found with what to do when there is no bundle or no config.json; invalid_argument for what
/// is in it.
[[nodiscard]] Bundle load_bundle(const std::string& path);

}  // namespace kata::oci
