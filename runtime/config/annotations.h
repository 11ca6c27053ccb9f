// SPDX-License-Identifier: Apache-2.0
//
// A pod's or container's own wishes: annotations `io.katacontainers.config.SECTION.KEY`. They come
// from whoever may start a container, so hypervisor keys pass only when `enable_annotations` names
// them, and paths only when valid_*_paths do.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/config/config.h"

namespace kata::config {

using Annotations = std::map<std::string, std::string>;

/// The configuration of the file that the annotation io.katacontainers.config_path names; `config`
/// when there is none. Such a file names programs that run on the host, so enable_annotations of
/// `config` must have "config_path", letter by letter, and nobody but its owner, root or the
/// caller, may write to it. Throws Error.
[[nodiscard]] Config chosen_configuration(const Config& config, const Annotations& annotations);

/// The configuration with the annotations' values. Annotations of other prefixes are not looked at.
/// Throws Error (permission_denied for a key that is not allowed, invalid_argument for an unknown
/// key or a bad value).
[[nodiscard]] Config apply_annotations(const Config& config, const Annotations& annotations);

/// Regular expressions that must match a key wholly. Throws Error(invalid_argument) for a bad
/// expression.
[[nodiscard]] bool is_allowed(const std::vector<std::string>& expressions, const std::string& key);

}  // namespace kata::config
