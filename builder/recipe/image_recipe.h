// SPDX-License-Identifier: Apache-2.0
//
// What a guest image's recipe says, as plain values: every default filled in, every path absolute.
// The stages take these by const reference and never see YAML. docs/recipe.md describes the format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kata::recipe {

// --- what an image starts from

enum class BaseKind { scratch, directory, tar, rpm, debian, oci };

/// Exactly one of baseurl, mirrorlist and metalink is set.
struct RpmRepository {
  std::string id;
  std::string baseurl;
  std::string mirrorlist;
  std::string metalink;
  std::vector<std::string> gpg_keys;  ///< files on the builder, or URLs
  bool gpg_check = true;              ///< of packages
  bool repo_gpg_check = false;        ///< of the metadata
};

/// Packages installed by dnf into an empty root.
struct RpmBase {
  std::string release;  ///< dnf's $releasever: "9"
  std::vector<RpmRepository> repositories;
  std::vector<std::string> packages;  ///< as dnf takes them: NAME, NAME-VERSION, @group
  std::vector<std::string> exclude;
  bool weak_dependencies = false;
};

/// Packages installed by mmdebstrap into an empty root.
struct DebianBase {
  std::string suite;  ///< "bookworm"
  std::vector<std::string>
      mirrors;          ///< lines or URLs as mmdebstrap takes them; none: the builder's
  std::string keyring;  ///< file with the archive's keys; empty: the builder's own
  std::string variant = "essential";  ///< mmdebstrap's: extract, custom, essential, apt, minbase
  std::vector<std::string> components;
  std::vector<std::string> packages;
};

/// An image layout of the OCI (a folder or a tar of it), or what `docker save` writes.
struct OciBase {
  std::string path;
  std::string reference;  ///< of several images: "name:tag"; empty: there is only one
  std::string platform = "linux/amd64";
};

struct ImageBase {
  BaseKind kind = BaseKind::scratch;
  std::string path;  ///< of directory and tar
  RpmBase rpm;
  DebianBase debian;
  OciBase oci;
};

/// What a base may hold before it is refused: an archive can promise anything.
struct ImageLimits {
  std::uint64_t size = std::uint64_t{8} << 30;  ///< bytes of all files together, unpacked
  std::uint64_t entries = 1'000'000;
};

// --- what is added, and what is taken away

enum class FileKind { source, content, symlink, directory, device };

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
  std::map<std::string, std::string> xattrs{};  ///< "user.note": its bytes
  std::string capabilities{};                   ///< as setcap(8) takes them: "cap_net_admin+ep"
};

/// Owner, mode and attributes for what is in the image already, whatever brought it.
struct ImageAttributes {
  std::string path;                                    ///< glob of absolute paths
  std::optional<std::pair<unsigned, unsigned>> owner;  ///< user, group
  std::optional<unsigned> mode;
  std::map<std::string, std::string> xattrs;
  std::string capabilities;
};

struct ImageGroup {
  std::string name;
  unsigned gid = 0;
  std::vector<std::string> members;
};

struct ImageUser {
  std::string name;
  unsigned uid = 0;
  unsigned gid = 0;
  // Nothing: as the base has it; of a new user "/", "/sbin/nologin" and ""
  std::optional<std::string> home;
  std::optional<std::string> shell;
  std::optional<std::string> comment;
};

struct ImageAgent {
  std::string path;         ///< may come from the command line
  bool as_service = false;  ///< a service of systemd; else it is the first process
  bool strip = true;        ///< debug information of megabytes would be unpacked at every start
};

/// What leaves the image again, in this order: globs, documentation, locales, package databases,
/// then all that the listed programs do not need.
struct Minimize {
  std::vector<std::string> exclude;  ///< globs of absolute paths; `**` crosses folders
  std::vector<std::string> keep;     ///< globs; what they match stays, whatever removes it
  bool documentation = true;         ///< keep it
  bool package_databases = true;     ///< keep them
  std::optional<std::vector<std::string>> locales;  ///< the ones that stay; nothing: all
  /// Programs whose closure of interpreters and libraries stays; every other program and library
  /// goes. Empty: nothing goes on that account.
  std::vector<std::string> programs;
  std::vector<std::string> libraries;  ///< opened at run time (dlopen(3)): names or globs of paths
};

// --- how it is packed

enum class ImageFormat { initrd, disk };
enum class CompressionType { none, gzip, xz, lz4, zstd };

struct Compression {
  CompressionType type = CompressionType::zstd;
  int level = 0;          ///< 0: the type's default
  bool is_given = false;  ///< in the recipe; else erofs and squashfs have defaults of their own
};

enum class DiskFormat { raw, qcow2 };
enum class PartitionTable { none, gpt, mbr };
enum class FileSystem { ext4, xfs, erofs, squashfs };

struct Disk {
  DiskFormat format = DiskFormat::raw;
  PartitionTable table = PartitionTable::gpt;
  FileSystem filesystem = FileSystem::ext4;
  unsigned free_percent = 10;    ///< of the file system's size left free (ext4, xfs)
  std::uint64_t free_bytes = 0;  ///< when not 0, in place of free_percent
  std::uint64_t align = std::uint64_t{1} << 20;  ///< the file's size is a multiple of it
  bool dax = false;         ///< upstream's layout for nvdimm: header at 4 KiB, root at 3 MiB
  bool verity = false;      ///< a hash tree of dm-verity in a partition of its own
  std::string verity_salt;  ///< hexadecimal; empty: derived from the content
};

struct ImageRecipe {
  std::string file;
  std::string name;
  ImageFormat format = ImageFormat::initrd;
  ImageBase base;
  ImageLimits limits;
  std::vector<std::string> overlays;  ///< folders on the builder, laid over the base in order
  std::vector<ImageGroup> groups;
  std::vector<ImageUser> users;
  std::vector<ImageFile> files;
  std::vector<ImageAttributes> attributes;
  std::string kernel_modules;  ///< folder lib/modules/VERSION on the builder; may be empty
  std::string guest_hooks;     ///< folder of OCI hooks on the builder; may be empty
  std::vector<std::vector<std::string>> run;  ///< commands run in the root, offline
  ImageAgent agent;
  Minimize minimize;
  Compression compression;
  Disk disk;
  std::string kernel_config;   ///< a kernel manifest or .config to check the compression against;
                               ///< may be empty
  std::int64_t timestamp = 0;  ///< seconds since 1970; SOURCE_DATE_EPOCH wins over it
};

/// "zstd", "lz4", "gzip", "xz", "none".
[[nodiscard]] const char* compression_name(CompressionType type) noexcept;
/// "ext4", "xfs", "erofs", "squashfs".
[[nodiscard]] const char* file_system_name(FileSystem type) noexcept;
/// "scratch", "directory", "tar", "rpm", "debian", "oci".
[[nodiscard]] const char* base_name_of(BaseKind kind) noexcept;

}  // namespace kata::recipe
