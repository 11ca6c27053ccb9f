// SPDX-License-Identifier: Apache-2.0
//
// QEMU's own image format, written by QEMU's own tool: holes take no room in it.
#pragma once

#include <string>

#include "builder/pipeline/context.h"

namespace kata::rootfs {

/// Makes `to` of the raw image `from`; `to`. Equal images give equal bytes. Throws Error, with what
/// to install when qemu-img is not there.
std::string convert_to_qcow2(const std::string& from, const std::string& to,
                             pipeline::Context& context);

}  // namespace kata::rootfs
