// SPDX-License-Identifier: Apache-2.0
//
// Everything that can be known of an image, by looking at the image.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/beside.h"
#include "builder/inspect/content.h"
#include "builder/inspect/disk_facts.h"
#include "builder/inspect/packages.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::inspect {

struct AgentFacts {
  std::string path;  ///< in the image
  std::string sha256;
  std::string build_id;
  std::uint64_t size = 0;
};

struct Inspection {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
  std::optional<DiskFacts> disk;  ///< nothing: an initrd
  Content content;
  bool content_is_known = true;  ///< false: a disk whose files nothing here can list
  Distribution distribution;
  Packages packages;
  std::map<std::string, std::size_t> owners;  ///< of a path: its place in packages.list
  std::optional<AgentFacts> agent;
  Beside manifest;
  Beside sbom;
  std::string kernel_parameters;   ///< that a runtime must give the kernel for this image
  std::vector<std::string> notes;  ///< what is odd, for people
  TempDir work;                    ///< where captured files are
};

/// Looks at the image at `path`. Throws Error for what is no image, is damaged, or is larger than
/// any image needs to be.
[[nodiscard]] Inspection inspect_image(const std::string& path, CommandRunner& runner);

}  // namespace kata::inspect
