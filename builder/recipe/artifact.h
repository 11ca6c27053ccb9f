// SPDX-License-Identifier: Apache-2.0
//
// What the stages hand on: values with paths and digests. A later stage needs nothing else of an
// earlier one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kata::recipe {

struct FileArtifact {
  std::string path;
  std::string sha256;
  std::uint64_t size = 0;
};

struct KernelArtifact {
  std::string version;  ///< what `uname -r` says in the guest
  FileArtifact vmlinux;
  FileArtifact vmlinuz;
  FileArtifact config;
  std::string modules_folder;         ///< lib/modules/VERSION; empty when everything is built in
  std::vector<FileArtifact> modules;  ///< what is in it, in the order of their paths
  std::string manifest;               ///< the text of kernel-manifest.json
  bool from_cache = false;
};

struct ProgramsArtifact {
  std::string folder;
  std::vector<FileArtifact> programs;
  std::string manifest;     ///< path
  bool up_to_date = false;  ///< nothing had to be compiled
};

struct ImageArtifact {
  FileArtifact image;
  std::string manifest;  ///< path
  std::string sbom;      ///< path
  std::uint64_t uncompressed_size = 0;
  bool up_to_date = false;  ///< nothing had to be written
};

struct RpmArtifact {
  std::string name;     ///< "kata-runtime"
  std::string release;  ///< "el9"
  std::string arch;     ///< "x86_64", "noarch" or "src"
  FileArtifact file;
  std::string sbom;         ///< path
  bool up_to_date = false;  ///< nothing had to be built
};

struct PackagesArtifact {
  std::vector<RpmArtifact> packages;
  std::string manifest;     ///< path
  std::string public_key;   ///< path; empty when the packages are unsigned
  std::string fingerprint;  ///< of the signing key; empty as above
};

}  // namespace kata::recipe
