// SPDX-License-Identifier: Apache-2.0
//
// `update`: other limits for a running container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oci.pb.h"
#include "runtime/cli/command_line.h"

namespace kata::cli {

struct UpdateOptions {
  std::string id;
  std::string resources;  ///< a file of JSON, or "-"; wins over the single values
  std::string memory;     ///< bytes, or with a unit: 512M
  std::string memory_reservation;
  std::string memory_swap;
  std::string kernel_memory;
  std::string kernel_memory_tcp;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  std::string l3_cache_schema;
  std::string mem_bw_schema;
  std::optional<std::int64_t> cpu_period;
  std::optional<std::int64_t> cpu_quota;
  std::optional<std::int64_t> cpu_share;
  std::optional<std::int64_t> cpu_rt_period;
  std::optional<std::int64_t> cpu_rt_runtime;
  std::optional<std::int64_t> cpu_idle;
  std::optional<std::int64_t> pids_limit;
  std::optional<std::int64_t> blkio_weight;
};

/// The resources that the options name, `resources` read already. Throws Error(invalid_argument).
[[nodiscard]] grpc::LinuxResources resources_from_options(const UpdateOptions& options);
/// "512M", "1g", "4096", "-1" -> bytes. Throws Error(invalid_argument) that names `option`.
[[nodiscard]] std::int64_t bytes_from_text(const std::string& text, std::string_view option);

/// Describes the verb and its options.
void add_update(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_update(const UpdateOptions& options, Runtime& runtime);

}  // namespace kata::cli
