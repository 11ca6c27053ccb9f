// SPDX-License-Identifier: Apache-2.0
//
// What programs answered, kept as JSON until the program's file changes: asking QEMU takes longer
// than booting half a guest.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/command.h"
#include "runtime/hypervisor/qemu_probe.h"

namespace kata::hypervisor {

/// The cache's file for a program: its name has the program's path, size and time in it. Empty
/// without a folder.
[[nodiscard]] std::string probe_cache_path(const std::string& cache_dir,
                                           const std::string& program);
/// Nothing when there is none, when it is not ours to trust (another owner, writable by others) or
/// damaged.
[[nodiscard]] std::optional<QemuInfo> load_probe(const std::string& path, const std::string& qemu);
void save_probe(const std::string& path, const QemuInfo& qemu);
/// By its --help, asked once.
[[nodiscard]] bool virtiofsd_is_rust(CommandRunner& runner, const std::string& program,
                                     const std::string& cache_dir);

}  // namespace kata::hypervisor
