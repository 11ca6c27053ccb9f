// SPDX-License-Identifier: Apache-2.0
//
// From files, environment and flags to one Config. An unknown key, a wrong type or a relative path
// is an Error that says FILE:LINE:COLUMN and, for a key, the nearest one that exists.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/config/config.h"

namespace kata::config {

struct ConfigSources {
  std::string flag{};         ///< --config FILE; wins over everything
  std::string environment{};  ///< KATA_CONF_FILE; see sources_from_environment()
  std::vector<std::string> search = {
      "/etc/kata-containers/configuration.toml",
      "/usr/share/defaults/kata-containers/configuration.toml",
  };  ///< the first that exists is read
};

/// The usual sources, with KATA_CONF_FILE and the value of --config.
[[nodiscard]] ConfigSources sources_from_environment(const std::string& flag = {});

/// Reads the file and its drop-ins (config.d/*.toml beside it, by name). No file at all: the
/// defaults. A file that the flag or the environment names must exist. Throws Error.
[[nodiscard]] Config load_config(const ConfigSources& sources);

/// Applies one TOML text over `config`; `name` stands in errors. Throws Error.
void apply_toml(Config& config, std::string_view text, const std::string& name);

/// Throws Error(invalid_argument) for values that cannot be together: a memory of 0, an unknown
/// accelerator, ...
void check_config(const Config& config);

}  // namespace kata::config
