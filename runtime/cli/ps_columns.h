// SPDX-License-Identifier: Apache-2.0
//
// What `ps` prints of each process: ps(1)'s options, as far as the guest can answer them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest.pb.h"

namespace kata::cli {

/// A process as one column shows it; `now` in seconds since the epoch.
using PsCell = std::string (*)(const kata::guest::GuestProcess& process, std::int64_t now);

struct PsColumn {
  std::string header;
  PsCell cell;
};

/// The columns that options of ps(1) ask for: UNIX style (-e, -f, -o LIST) or BSD style (aux, o
/// LIST), the names of `-o` with "=HEADER" behind them. Those that choose processes are taken as
/// they are meant: all of the container. No options: -ef. Throws Error(invalid_argument) for one
/// that the guest's figures cannot answer.
[[nodiscard]] std::vector<PsColumn> ps_columns(const std::vector<std::string>& options);

}  // namespace kata::cli
