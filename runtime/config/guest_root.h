// SPDX-License-Identifier: Apache-2.0
//
// A guest has one root: an initrd or a disk image. Which of the two it is, and what is said of an
// image, is decided anew by each layer of the configuration that names one: the file over the
// built-in defaults, each drop-in over the file, annotations over all.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "runtime/config/config.h"

namespace kata::config {

enum class Layer { file, annotations };

/// To be called after a layer was applied; `named` are the keys of [hypervisor.qemu] that it has.
/// An image that it names takes the place of an earlier layer's initrd, and the other way round;
/// what an earlier layer said of its image is then forgotten, but verity not by annotations: who
/// may choose an image is not therefore free to choose an unmeasured one. Throws
/// Error(invalid_argument) when the layer names both.
void settle_root(Hypervisor& hypervisor, const std::set<std::string, std::less<>>& named,
                 Layer layer);

/// Throws Error(invalid_argument) for a root that cannot be: none, an unknown file system,
/// malformed verity parameters, or such without an image.
void check_root(const Hypervisor& hypervisor);

}  // namespace kata::config
