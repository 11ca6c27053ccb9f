// SPDX-License-Identifier: Apache-2.0
//
// Something of other people's that is part of what we make: a library in a static program, the
// kernel's source. It goes from a stage's manifest into the SBOM.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace kata::recipe {

struct Component {
  std::string name;
  std::string version;
  std::string license;   ///< an SPDX licence expression; empty: not known
  std::string purl;      ///< package URL, https://github.com/package-url/purl-spec; may be empty
  std::string relation;  ///< how it got in, as SPDX 2.3 (11.1) calls it: "STATIC_LINK"
  std::string sha256;    ///< of the one file it came as; empty when it is many

  auto operator<=>(const Component&) const = default;
};

/// As manifests hold it.
[[nodiscard]] Json to_json(const std::vector<Component>& components);
/// The reverse. Throws Json::exception.
[[nodiscard]] std::vector<Component> components_from_json(const Json& list);

}  // namespace kata::recipe
