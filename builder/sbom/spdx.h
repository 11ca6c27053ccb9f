// SPDX-License-Identifier: Apache-2.0
//
// Software bills of materials in SPDX 2.3's JSON, https://spdx.github.io/spdx-spec/v2.3/. Equal
// subjects give equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/component.h"

namespace kata::sbom {

/// A file of the subject; its path begins with "./" or "/".
struct File {
  std::string path;
  std::string sha1;
  std::string sha256;
  /// The place in Subject::components of the package that brought it in; nothing: not known.
  std::optional<std::size_t> component{};
};

/// What the document describes: one package or image.
struct Subject {
  std::string name;       ///< "kata-runtime"
  std::string version;    ///< "0.1.0-1.el9"
  std::string file_name;  ///< "kata-runtime-0.1.0-1.el9.x86_64.rpm"
  std::string license;    ///< an SPDX licence expression
  std::string supplier;   ///< an organization's name; may be empty
  std::string purl;       ///< may be empty
  std::string sha256;     ///< of the file itself; empty when a signature will change it
  std::vector<File> files;
  std::vector<recipe::Component> components;
  std::int64_t timestamp = 0;  ///< when it was made, seconds since 1970
};

/// `text` when it is a licence expression by its form (SPDX 2.3, annex D); empty when it is one of
/// the short names that distributions used before, such as "GPLv2+ and MIT".
[[nodiscard]] std::string license_expression(const std::string& text);

/// The document's text, with a newline at its end.
[[nodiscard]] std::string spdx_document(const Subject& subject);

/// Paths and digests of the regular files in an archive (RPM, cpio, tar), in the order of their
/// paths. Throws Error.
[[nodiscard]] std::vector<File> files_of_archive(const std::string& path);

}  // namespace kata::sbom
