// SPDX-License-Identifier: Apache-2.0
//
// An image recipe's own keys and what packs it; base and files are in files of their own.
#include "builder/recipe/image_sections.h"
#include "builder/recipe/recipe_yaml.h"
#include "builder/recipe/yaml_reader.h"

namespace kata::recipe {
namespace {

ImageAgent read_agent(const Document& document, const YAML::Node& node) {
  ImageAgent agent;
  read_map(document, node, "agent",
           {{"path", [&](const YAML::Node& n) { agent.path = path_of(document, n, "path"); }},
            {"strip", [&](const YAML::Node& n) { agent.strip = bool_of(document, n, "strip"); }},
            {"as", [&](const YAML::Node& n) {
               agent.as_service = choice_of(document, n, "as", {"/init", "service"}) == "service";
             }}});
  return agent;
}

Compression read_compression(const Document& document, const YAML::Node& node) {
  Compression compression{.is_given = true};
  YAML::Mark level_mark = node.Mark();
  read_map(document, node, "compression",
           {{"type",
             [&](const YAML::Node& n) {
               const std::string name =
                   choice_of(document, n, "type", {"zstd", "lz4", "gzip", "xz", "none"});
               for (const CompressionType type :
                    {CompressionType::none, CompressionType::gzip, CompressionType::xz,
                     CompressionType::lz4, CompressionType::zstd}) {
                 if (name == compression_name(type)) compression.type = type;
               }
             },
             true},
            {"level", [&](const YAML::Node& n) {
               level_mark = n.Mark();
               compression.level = static_cast<int>(number_of(document, n, "level", 22));
             }}});
  // zstd beyond 19 takes windows that cost the guest up to 128 MB while it unpacks
  const int limit = compression.type == CompressionType::zstd  ? 19
                    : compression.type == CompressionType::lz4 ? 12
                                                               : 9;
  if (compression.level > limit) {
    fail(document, level_mark, "level of {} is at most {}, not {}",
         compression_name(compression.type), limit, compression.level);
  }
  return compression;
}

/// "10%" or a size.
void read_free(const Document& document, const YAML::Node& node, Disk& disk) {
  const std::string text = non_empty_text(document, node, "free");
  if (text.back() != '%') {
    disk.free_bytes = size_of(document, node, "free");
    return;
  }
  const YAML::Node number(text.substr(0, text.size() - 1));
  if (number.Scalar().empty() ||
      number.Scalar().find_first_not_of("0123456789") != std::string::npos ||
      number.Scalar().size() > 2) {
    fail(document, node.Mark(), "free must be a share below 100% or a size, not \"{}\"", text);
  }
  disk.free_percent = static_cast<unsigned>(std::stoul(number.Scalar()));
}

void check_disk(const Document& document, const YAML::Node& node, const Disk& disk) {
  const bool is_read_only =
      disk.filesystem == FileSystem::erofs || disk.filesystem == FileSystem::squashfs;
  if (disk.dax && disk.table != PartitionTable::mbr)
    fail(document, node.Mark(),
         "dax needs partition_table: mbr: the guest finds the table at one of two offsets");
  if (disk.dax && disk.format == DiskFormat::qcow2)
    fail(document, node.Mark(), "dax needs format: raw: the guest maps the file itself");
  if (disk.dax && disk.filesystem == FileSystem::squashfs)
    fail(document, node.Mark(), "dax needs ext4, xfs or erofs: squashfs cannot be mapped");
  if (disk.verity && disk.table == PartitionTable::none)
    fail(document, node.Mark(), "verity needs a partition_table: its hashes are a partition");
  if (!disk.verity && !disk.verity_salt.empty())
    fail(document, node.Mark(), "verity_salt needs verity: true");
  if (is_read_only && disk.free_bytes > 0)
    fail(document, node.Mark(), "free has no meaning for {}, which cannot be written to",
         file_system_name(disk.filesystem));
}

Disk read_disk(const Document& document, const YAML::Node& node) {
  Disk disk;
  const auto table = [&](const YAML::Node& n) {
    const std::string name = choice_of(document, n, "partition_table", {"gpt", "mbr", "none"});
    disk.table = name == "gpt"   ? PartitionTable::gpt
                 : name == "mbr" ? PartitionTable::mbr
                                 : PartitionTable::none;
  };
  const auto filesystem = [&](const YAML::Node& n) {
    const std::string name =
        choice_of(document, n, "filesystem", {"ext4", "xfs", "erofs", "squashfs"});
    for (const FileSystem type :
         {FileSystem::ext4, FileSystem::xfs, FileSystem::erofs, FileSystem::squashfs}) {
      if (name == file_system_name(type)) disk.filesystem = type;
    }
  };
  const auto salt = [&](const YAML::Node& n) {
    disk.verity_salt = text_of(document, n, "verity_salt");
    if (disk.verity_salt.size() > 512 || disk.verity_salt.size() % 2 != 0 ||
        disk.verity_salt.find_first_not_of("0123456789abcdef") != std::string::npos) {
      fail(document, n.Mark(),
           "verity_salt must be up to 256 bytes in lower-case hexadecimal digits, not \"{}\"",
           disk.verity_salt);
    }
  };
  const auto align = [&](const YAML::Node& n) {
    disk.align = size_of(document, n, "align");
    if (disk.align < 4096 || (disk.align & (disk.align - 1)) != 0)
      fail(document, n.Mark(), "align must be a power of two from 4 KiB on");
  };
  read_map(document, node, "disk",
           {{"format",
             [&](const YAML::Node& n) {
               const bool qcow2 = choice_of(document, n, "format", {"raw", "qcow2"}) == "qcow2";
               disk.format = qcow2 ? DiskFormat::qcow2 : DiskFormat::raw;
             }},
            {"partition_table", table},
            {"filesystem", filesystem},
            {"free", [&](const YAML::Node& n) { read_free(document, n, disk); }},
            {"align", align},
            {"dax", [&](const YAML::Node& n) { disk.dax = bool_of(document, n, "dax"); }},
            {"verity", [&](const YAML::Node& n) { disk.verity = bool_of(document, n, "verity"); }},
            {"verity_salt", salt}});
  if (disk.dax && !node["partition_table"].IsDefined()) disk.table = PartitionTable::mbr;
  check_disk(document, node, disk);
  return disk;
}

ImageLimits read_limits(const Document& document, const YAML::Node& node) {
  ImageLimits limits;
  read_map(document, node, "limits",
           {{"size", [&](const YAML::Node& n) { limits.size = size_of(document, n, "size"); }},
            {"entries", [&](const YAML::Node& n) {
               limits.entries = number_of(document, n, "entries", 100'000'000);
             }}});
  return limits;
}

void check_image(const Document& document, const YAML::Node& top, const ImageRecipe& recipe) {
  if (recipe.agent.as_service && recipe.base.kind == BaseKind::scratch)
    fail(document, top.Mark(),
         "agent as a service needs a base with an init of its own, not scratch");
  if (recipe.format == ImageFormat::initrd && top["disk"].IsDefined())
    fail(document, top["disk"].Mark(), "disk needs format: image");
  if (recipe.format == ImageFormat::disk && top["compression"].IsDefined() &&
      recipe.disk.filesystem != FileSystem::erofs &&
      recipe.disk.filesystem != FileSystem::squashfs) {
    fail(document, top["compression"].Mark(), "{} is not compressed: leave compression out",
         file_system_name(recipe.disk.filesystem));
  }
  if (recipe.format == ImageFormat::disk && recipe.compression.is_given &&
      recipe.disk.filesystem == FileSystem::erofs &&
      recipe.compression.type != CompressionType::lz4 &&
      recipe.compression.type != CompressionType::none) {
    fail(document, top["compression"].Mark(), "compression of erofs is lz4 or none, not {}",
         compression_name(recipe.compression.type));
  }
  if (recipe.format == ImageFormat::disk && recipe.disk.dax && recipe.compression.is_given &&
      recipe.compression.type != CompressionType::none)
    fail(document, top["compression"].Mark(),
         "an image with dax is not compressed: leave compression out");
}

}  // namespace

ImageRecipe read_image_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    ImageRecipe recipe;
    recipe.file = path;
    const auto overlays = [&](const YAML::Node& n) {
      if (n.IsScalar())
        recipe.overlays.push_back(path_of(document, n, "overlay"));
      else
        recipe.overlays = path_list(document, n, "overlay");
    };
    const auto run = [&](const YAML::Node& list) {
      read_list(document, list, "run",
                [&](const YAML::Node& n) { recipe.run.push_back(read_command(document, n)); });
    };
    read_map(
        document, top, "an image recipe",
        {{"name", [&](const YAML::Node& n) { recipe.name = non_empty_text(document, n, "name"); },
          true},
         {"format",
          [&](const YAML::Node& n) {
            const bool disk = choice_of(document, n, "format", {"initrd", "image"}) == "image";
            recipe.format = disk ? ImageFormat::disk : ImageFormat::initrd;
          }},
         {"base", [&](const YAML::Node& n) { recipe.base = read_image_base(document, n); }},
         {"limits", [&](const YAML::Node& n) { recipe.limits = read_limits(document, n); }},
         {"overlay", overlays},
         {"groups", [&](const YAML::Node& n) { recipe.groups = read_groups(document, n); }},
         {"users", [&](const YAML::Node& n) { recipe.users = read_users(document, n); }},
         {"files", [&](const YAML::Node& n) { recipe.files = read_image_files(document, n); }},
         {"attributes",
          [&](const YAML::Node& n) { recipe.attributes = read_attributes(document, n); }},
         {"kernel_modules",
          [&](const YAML::Node& n) {
            recipe.kernel_modules = path_of(document, n, "kernel_modules");
          }},
         {"guest_hooks",
          [&](const YAML::Node& n) { recipe.guest_hooks = path_of(document, n, "guest_hooks"); }},
         {"run", run},
         {"agent", [&](const YAML::Node& n) { recipe.agent = read_agent(document, n); }},
         {"minimize", [&](const YAML::Node& n) { recipe.minimize = read_minimize(document, n); }},
         {"compression",
          [&](const YAML::Node& n) { recipe.compression = read_compression(document, n); }},
         {"disk", [&](const YAML::Node& n) { recipe.disk = read_disk(document, n); }},
         {"kernel_config",
          [&](const YAML::Node& n) {
            recipe.kernel_config = path_of(document, n, "kernel_config");
          }},
         {"timestamp",
          [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }}});
    check_image(document, top, recipe);
    return recipe;
  });
}

}  // namespace kata::recipe
