// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/beside.h"

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

std::string name_beside(const std::string& image, const std::string& suffix) {
  const std::string name(base_name(image));
  const std::size_t dot = name.find_last_of('.');
  return join_path(parent_path(image), name.substr(0, dot == 0 ? std::string::npos : dot) + suffix);
}

/// `digest_of` gets the text's own word for the image's digest.
template <typename DigestOf>
Beside read_beside(const std::string& path, const std::string& sha256, DigestOf digest_of) {
  Beside beside;
  beside.path = path;
  try {
    const std::optional<std::string> text = read_file_if_exists(path);
    if (!text) return beside;
    beside.text = parse_json(*text, path);
    const std::string told = digest_of(beside.text);
    beside.fit = told == sha256 ? Fit::fits : Fit::other_file;
    if (told != sha256) beside.reason = "it is about a file with sha256 " + foreign_line(told, 64);
  } catch (const Json::exception&) {
    beside.fit = Fit::unreadable;
    beside.reason = "it names no image";
  } catch (const Error& error) {
    beside.fit = Fit::unreadable;
    beside.reason = error.message();
  }
  if (beside.fit != Fit::fits) beside.text = nullptr;
  return beside;
}

}  // namespace

Beside manifest_beside(const std::string& image, const std::string& sha256) {
  return read_beside(name_beside(image, ".manifest.json"), sha256, [](const Json& text) {
    return text.at("file").at("sha256").get<std::string>();
  });
}

Beside sbom_beside(const std::string& image, const std::string& sha256) {
  return read_beside(name_beside(image, ".spdx.json"), sha256, [](const Json& text) {
    for (const Json& checksum : text.at("packages").at(0).at("checksums")) {
      if (checksum.at("algorithm") == "SHA256")
        return checksum.at("checksumValue").get<std::string>();
    }
    return std::string("none");
  });
}

}  // namespace kata::inspect
