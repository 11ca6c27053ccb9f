// SPDX-License-Identifier: Apache-2.0
//
// The real rpmbuild: sources and spec to a source RPM, and that to packages, the way anybody else
// would rebuild it.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"

namespace kata::rpm {

struct BuildRequest {
  std::string name;
  std::string spec;                    ///< the spec file's text
  std::vector<std::string> sources{};  ///< files; their names are those in the spec
  std::string dist;                    ///< "el9"
  std::int64_t timestamp = 0;
  bool binaries = true;           ///< else the source RPM only
  bool check_build_deps = false;  ///< this machine's rpm database knows what is installed
};

/// The source RPM first, then the packages built from it, all below `work`. Throws Error with
/// rpmbuild's own lines that say why.
[[nodiscard]] std::vector<std::string> run_rpmbuild(const BuildRequest& request,
                                                    const std::string& work,
                                                    pipeline::Context& context);

}  // namespace kata::rpm
