// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/bundle.h"

#include <algorithm>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/oci/mounts.h"
#include "runtime/oci/spec.h"

namespace kata::oci {

Bundle load_bundle(const std::string& path) {
  std::error_code error;
  Bundle bundle;
  bundle.path = clean_path(std::filesystem::absolute(path.empty() ? "." : path, error).string());
  if (error) throw_errno(error.value(), "find the bundle {}", path);
  if (!std::filesystem::is_directory(bundle.path, error)) {
    throw_error(Code::not_found,
                "bundle {}: no such folder; --bundle names the folder of config.json", bundle.path);
  }
  const std::string config = join_path(bundle.path, "config.json");
  const std::optional<std::string> text = read_file_if_exists(config);
  if (!text) {
    throw_error(Code::not_found,
                "{} does not exist: --bundle must name a folder with an OCI config.json "
                "(`kata-runtime spec` writes one)",
                config);
  }
  bundle.spec = parse_config(*text, config);
  for (grpc::Mount& mount : *bundle.spec.mutable_mounts()) {
    if (is_bind(mount) && !mount.source().empty() && !mount.source().starts_with('/')) {
      mount.set_source(join_path(bundle.path, mount.source()));
    }
  }
  const std::string& root = bundle.spec.root().path();
  bundle.rootfs =
      root.starts_with('/') ? clean_path(root) : clean_path(join_path(bundle.path, root));
  return bundle;
}

}  // namespace kata::oci
