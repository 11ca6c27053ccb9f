// SPDX-License-Identifier: Apache-2.0
//
// What a recipe says, as plain values: every default filled in, every path absolute. The stages
// take these by const reference and never see YAML. docs/recipe.md describes the file format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kata::recipe {

enum class SourceKind { package, tarball, srpm };

/// Where the kernel's source comes from: exactly one of package, path and url is set.
struct KernelSource {
  SourceKind kind = SourceKind::package;
  std::string package;
  std::string path;
  std::string url;
  std::string sha256;                ///< empty: not checked; never empty with a url
  std::vector<std::string> patches;  ///< srpm only: names of files within it, applied in order
};

struct KernelRecipe {
  std::string file;  ///< the recipe itself, for messages
  std::string name;
  KernelSource source;
  std::string arch = "x86_64";
  std::string compiler = "gcc";
  std::string localversion;  ///< empty: what the fragments say
  std::vector<std::string> fragments;
  std::vector<std::string> patches;
  std::int64_t timestamp = 0;  ///< seconds since 1970; SOURCE_DATE_EPOCH wins over it
  bool strip = true;
  bool require_pvh = true;           ///< fail when vmlinux lacks the note that QEMU boots it by
  std::uint64_t expected_steps = 0;  ///< for the progress bar of a first build; 0: unknown
};

enum class BaseKind { scratch, directory, tar };
enum class FileKind { source, content, symlink, directory, device };
enum class CompressionType { none, gzip, xz, lz4, zstd };

struct ImageFile {
  FileKind kind = FileKind::content;
  std::string path;    ///< in the image, absolute
  std::string source;  ///< on the builder, absolute
  std::string content;
  std::string target;  ///< of a symbolic link
  bool block_device = false;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  std::optional<unsigned>
      mode;  ///< nothing: as the source, else 0644, directories 0755, devices 0600
};

struct ImageAgent {
  std::string path;         ///< may come from the command line
  bool as_service = false;  ///< else it is /init
  bool strip = true;        ///< debug information of megabytes would be unpacked at every start
};

struct Compression {
  CompressionType type = CompressionType::zstd;
  int level = 0;  ///< 0: the type's default
};

struct ImageRecipe {
  std::string file;
  std::string name;
  BaseKind base = BaseKind::scratch;
  std::string base_path;
  ImageAgent agent;
  std::vector<ImageFile> files;
  Compression compression;
  std::string kernel_config;  ///< a kernel manifest or .config to check the compression against;
                              ///< may be empty
  std::int64_t timestamp = 0;
};

/// "zstd", "lz4", "gzip", "xz", "none".
[[nodiscard]] const char* compression_name(CompressionType type) noexcept;

}  // namespace kata::recipe
