// SPDX-License-Identifier: Apache-2.0
//
// The database of a root that rpm filled: made anew without the moment of its making, and asked for
// the packages of files.
#pragma once

#include <cstdint>
#include <string>

#include "builder/pipeline/context.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Sets install times in package headers as `rpmdb --exportdb` writes them. Throws
/// Error(data_loss) for anything else.
void set_install_times(std::string& headers, std::uint32_t time);
/// Makes the tree's rpm database anew with `time` in place of the install times, and sets the
/// origins that it knows. Works below `work`; a tree without one stays as it is. Throws Error.
void rebuild_rpm_database(Tree& tree, std::int64_t time, const std::string& work,
                          pipeline::Context& context);

}  // namespace kata::rootfs
