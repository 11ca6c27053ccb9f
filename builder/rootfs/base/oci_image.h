// SPDX-License-Identifier: Apache-2.0
//
// From an image layout of the OCI, or what `docker save` wrote before it knew that, to one image's
// layers. Every JSON file that is read on the way has the digest that led to it.
#pragma once

#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/layout_files.h"

namespace kata::rootfs {

struct OciLayer {
  StoredFile file;
  std::string digest;   ///< "sha256:..." of the file as it is stored; empty: not known
  std::string diff_id;  ///< "sha256:..." of the tar in it
};

struct OciImage {
  /// "sha256:..." of its manifest, or of its configuration where there is none: it names every
  /// byte of the image.
  std::string digest;
  std::vector<OciLayer> layers;  ///< the lowest first
};

/// The one that `wanted` chooses by reference and platform. Layers are not read yet. Throws Error,
/// with the names that there are when none or several fit.
[[nodiscard]] OciImage find_oci_image(const LayoutFiles& files, const recipe::OciBase& wanted);

}  // namespace kata::rootfs
