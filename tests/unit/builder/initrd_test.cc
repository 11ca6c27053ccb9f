// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "builder/archive/archive_reader.h"
#include "builder/archive/extract.h"
#include "builder/rootfs/kernel_support.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/unit/builder/image_build.h"

namespace {

using namespace kata;
using namespace kata::recipe;
using test::ImageBuild;
using test::program_bytes;
using test::tar_member;
namespace fs = std::filesystem;

std::map<std::string, archive::Entry> entries_of(const std::string& path) {
  std::map<std::string, archive::Entry> entries;
  archive::ArchiveReader reader(path);
  while (const std::optional<archive::Entry> entry = reader.next()) entries[entry->path] = *entry;
  return entries;
}

}  // namespace

TEST_CASE("an image from scratch holds the agent, folders and the console", "[initrd]") {
  ImageBuild build;
  const ImageArtifact artifact = build.run();
  const auto entries = entries_of(artifact.image.path);
  CHECK(entries.size() == 8);
  CHECK(entries.at("init").mode == 0755);
  CHECK(entries.at("init").size == program_bytes().size());
  CHECK(entries.at("tmp").mode == 01777);
  CHECK(entries.at("proc").kind == archive::EntryKind::directory);
  const archive::Entry& console = entries.at("dev/console");
  CHECK(console.kind == archive::EntryKind::character_device);
  CHECK(console.device_major == 5);
  CHECK(console.device_minor == 1);
  for (const auto& [path, entry] : entries) {
    CHECK(entry.uid == 0);
    CHECK(entry.mtime == 1000);
  }
  const Json manifest = read_json_file(artifact.manifest);
  CHECK(manifest.at("file").at("sha256") == artifact.image.sha256);
  CHECK(manifest.at("file").at("name") == "initrd.img");
}

TEST_CASE("two builds of one recipe give the same bytes, and SOURCE_DATE_EPOCH changes them",
          "[initrd]") {
  ImageBuild build;
  build.recipe.compression.type =
      GENERATE(CompressionType::none, CompressionType::gzip, CompressionType::zstd);
  const std::string first = build.run("a/i.img").image.sha256;
  ::usleep(1100000);  // a time stamp in seconds would show
  CHECK(build.run("b/i.img").image.sha256 == first);
  build.context.source_date_epoch = 5;
  CHECK(build.run("c/i.img").image.sha256 != first);
}

TEST_CASE("each compression unpacks with the usual tool to the same archive", "[initrd]") {
  ImageBuild build;
  const std::string plain = read_file(build.run("plain/i.img").image.path);
  const auto [type, tool, magic] = GENERATE(table<CompressionType, std::string, std::string>({
      {CompressionType::gzip, "gzip", "\x1f\x8b"},
      {CompressionType::xz, "xz",
       std::string("\xfd"
                   "7zXZ\0\0\1",
                   8)},                                   // 1: a CRC32 check
      {CompressionType::lz4, "lz4", "\x02\x21\x4c\x18"},  // the legacy frame
      {CompressionType::zstd, "zstd", "\x28\xb5\x2f\xfd"},
  }));
  if (!find_program(tool)) return;
  build.recipe.compression.type = type;
  const ImageArtifact artifact = build.run();
  CHECK(artifact.uncompressed_size == plain.size());
  CHECK(read_file(artifact.image.path).starts_with(magic));
  RealCommandRunner runner;
  Command command;
  command.argv = {tool, "-dc", artifact.image.path};
  CHECK(run_checked(runner, command).output == plain);
}

TEST_CASE("an image that is up to date is not written again, a damaged one is", "[initrd]") {
  ImageBuild build;
  CHECK_FALSE(build.run().up_to_date);
  CHECK(build.run().up_to_date);
  const ImageArtifact artifact = build.run();
  write_file(artifact.image.path, "damaged");
  CHECK_FALSE(build.run().up_to_date);
  CHECK(read_file(artifact.image.path).starts_with("070701"));
  CHECK(fs::is_empty(build.path("cache/work")));
}

TEST_CASE("a base folder is taken with hard links, links and modes", "[initrd]") {
  ImageBuild build;
  const std::string base = build.path("base");
  make_directories(base + "/bin");
  write_file(base + "/bin/a", "same");
  REQUIRE(::chmod((base + "/bin/a").c_str(), 04755) == 0);
  REQUIRE(::link((base + "/bin/a").c_str(), (base + "/bin/b").c_str()) == 0);
  fs::create_symlink("/anywhere", base + "/link");
  build.recipe.base.kind = BaseKind::directory;
  build.recipe.base.path = base;
  const auto entries = entries_of(build.run().image.path);
  CHECK(entries.at("link").target == "/anywhere");
  CHECK(entries.at("bin/a").mode == 04755);
  CHECK(
      (entries.at("bin/b").kind == archive::EntryKind::hardlink || entries.at("bin/b").size == 4));
  CHECK(entries.contains("dev/console"));
  const std::string out = build.path("unpacked");
  make_directories(out);
  archive::extract(build.path("out/initrd.img"), out,
                   [](std::string_view path) { return path.starts_with("bin/"); }, {});
  CHECK(read_file(out + "/bin/a") == "same");
  CHECK(read_file(out + "/bin/b") == "same");
}

TEST_CASE("a base tar is taken with owners, devices and hard links", "[initrd]") {
  ImageBuild build;
  build.recipe.base.kind = BaseKind::tar;
  build.recipe.base.path = build.file(
      "base.tar",
      tar_member("./etc/", '5', "", "", "0000755") + tar_member("./etc/f", '0', "hello") +
          tar_member("./etc/g", '1', "", "./etc/f") + tar_member("./abs", '2', "", "/etc/f") +
          tar_member("./dev/x", '3') + std::string(1024, '\0'));
  const auto entries = entries_of(build.run().image.path);
  CHECK(entries.at("etc/f").gid == 2);
  CHECK(entries.at("abs").target == "/etc/f");
  CHECK(entries.at("dev/x").device_major == 5);
  CHECK(entries.contains("etc/g"));
}

TEST_CASE("a hostile base tar is refused", "[initrd]") {
  ImageBuild build;
  build.recipe.base.kind = BaseKind::tar;
  const auto [tar, expected] = GENERATE(table<std::string, std::string>({
      {tar_member("../evil", '0', "x"), "entry ../evil leaves the folder"},
      {tar_member("a/../../evil", '0', "x"), "leaves the folder"},
      {tar_member("l", '2', "", "/etc") + tar_member("l/passwd", '0', "x"),
       "l/passwd lies below the absolute link /l -> /etc"},
      {tar_member("h", '1', "", "../../etc/shadow"), "leaves the folder"},
      {tar_member("h", '1', "", "missing"), "which is no file before it"},
      {"this is not an archive at all, but long enough to be looked at", "base.tar"},
      {tar_member("cut", '0', std::string(4096, 'x')).substr(0, 1024), "base.tar"},
  }));
  build.recipe.base.path = build.file("base.tar", tar);
  CHECK_THAT(build.error(), Catch::Contains(expected));
  CHECK_FALSE(fs::exists(build.path("out")));
  CHECK(fs::is_empty(build.path("cache/work")));
}

TEST_CASE("a hostile source archive is refused", "[initrd]") {
  const TempDir dir;
  const auto [tar, expected] = GENERATE(table<std::string, std::string>({
      {tar_member("../evil", '0', "x"), "leaves the folder"},
      {tar_member("l", '2', "", "../../etc"), "outside of the folder"},
      {tar_member("l", '2', "", "/etc"), "outside of the folder"},
      {tar_member("d/", '5') + tar_member("l", '2', "", "d") + tar_member("l/x", '0', "x"),
       "below the link"},
      {tar_member("dev", '3'), "is a device"},
  }));
  write_file(dir.path() + "/x.tar", tar + std::string(1024, '\0'));
  make_directories(dir.path() + "/out");
  std::string message = "no error";
  try {
    archive::extract(dir.path() + "/x.tar", dir.path() + "/out", {}, {});
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK_THAT(message, Catch::Contains(expected));
  CHECK_FALSE(fs::exists(dir.path() + "/evil"));
}

TEST_CASE("an agent that could not run is refused", "[initrd]") {
  ImageBuild build;
  SECTION("missing") {
    build.recipe.agent.path = build.path("gone");
    CHECK_THAT(build.error(), Catch::Contains("gone") && Catch::Contains("No such file"));
  }
  SECTION("none given") {
    build.recipe.agent.path.clear();
    CHECK_THAT(build.error(), Catch::Contains("name it with --agent PATH"));
  }
  SECTION("a script") {
    build.recipe.agent.path = build.file("script", "#!/bin/sh\n");
    CHECK_THAT(build.error(), Catch::Contains("no ELF program for x86_64"));
  }
  SECTION("dynamically linked") {
    build.recipe.agent.path = build.file("dynamic", program_bytes(true));
    CHECK_THAT(build.error(), Catch::Contains("dynamically linked"));
  }
  CHECK_FALSE(fs::exists(build.path("out")));
}

TEST_CASE("files of the recipe get their place, owner and mode", "[initrd]") {
  ImageBuild build;
  build.recipe.files.push_back({.kind = FileKind::content,
                                .path = "/etc/a/b",
                                .source = {},
                                .content = "text",
                                .target = {},
                                .uid = 3,
                                .gid = 4,
                                .mode = 0640});
  build.recipe.files.push_back({.kind = FileKind::source,
                                .path = "/bin/x",
                                .source = build.file("src", "#!"),
                                .content = {},
                                .target = {},
                                .mode = std::nullopt});
  const auto entries = entries_of(build.run().image.path);
  CHECK(entries.at("etc/a").kind == archive::EntryKind::directory);
  CHECK(entries.at("etc/a/b").uid == 3);
  CHECK(entries.at("etc/a/b").mode == 0640);
  CHECK(entries.at("bin/x").mode == 0644);
}

TEST_CASE("a compression that the kernel cannot unpack is refused", "[initrd]") {
  const TempDir dir;
  const std::string config = dir.path() + "/config-1";
  write_file(config, "CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_ZSTD=y\n# CONFIG_RD_LZ4 is not set\n");
  rootfs::check_kernel_unpacks(config, CompressionType::zstd);
  rootfs::check_kernel_unpacks(config, CompressionType::none);
  rootfs::check_kernel_unpacks("", CompressionType::xz);
  CHECK_THROWS_WITH(rootfs::check_kernel_unpacks(config, CompressionType::lz4),
                    Catch::Contains("CONFIG_RD_LZ4 is not set"));
  write_file(dir.path() + "/kernel-manifest.json",
             R"({"files": {"config": {"name": "config-1"}}})");
  rootfs::check_kernel_unpacks(dir.path() + "/kernel-manifest.json", CompressionType::zstd);
  CHECK_THROWS_WITH(
      rootfs::check_kernel_unpacks(dir.path() + "/kernel-manifest.json", CompressionType::xz),
      Catch::Contains("CONFIG_RD_XZ is not set"));
}

TEST_CASE("modules that the kernel would not load are refused", "[initrd]") {
  const TempDir dir;
  recipe::ImageRecipe recipe;
  recipe.kernel_modules = "/site/lib/modules/6.1.1.site";
  CHECK_NOTHROW(rootfs::check_kernel_loads(recipe));  // of no kernel that is known
  recipe.kernel_config = dir.path() + "/kernel-manifest.json";
  write_file(recipe.kernel_config,
             R"({"version": "6.1.1.site", "files": {"config": {"name": "config-1"}}})");
  write_file(dir.path() + "/config-1", "# CONFIG_MODULES is not set\n");
  CHECK_THROWS_WITH(rootfs::check_kernel_loads(recipe),
                    Catch::Contains("loads none: CONFIG_MODULES is not set"));
  write_file(dir.path() + "/config-1", "CONFIG_MODULES=y\n");
  CHECK_NOTHROW(rootfs::check_kernel_loads(recipe));
  recipe.kernel_modules = "/site/lib/modules/6.1.2.site";
  CHECK_THROWS_WITH(rootfs::check_kernel_loads(recipe),
                    Catch::Contains("is 6.1.1.site and looks for lib/modules/6.1.1.site"));
  recipe.kernel_config = dir.path() + "/config-1";
  CHECK_NOTHROW(rootfs::check_kernel_loads(recipe));
}

TEST_CASE("an image with guest hooks has a drop-in beside it that tells the runtime", "[initrd]") {
  ImageBuild build;
  build.run();
  const std::string drop_in = build.path("out/initrd.toml");
  CHECK_FALSE(fs::exists(drop_in));
  fs::create_directories(build.path("hooks/prestart"));
  build.file("hooks/prestart/10-x", "#!/bin/sh\n");
  REQUIRE(::chmod(build.path("hooks/prestart/10-x").c_str(), 0755) == 0);
  build.recipe.guest_hooks = build.path("hooks");
  build.run();
  const std::string text = read_file(drop_in);
  CHECK_THAT(text, Catch::Contains("[hypervisor.qemu]\ninitrd = \"" + build.path("out/initrd.img") +
                                   "\"\nguest_hook_path = \"/usr/share/oci/hooks\"\n"));
  CHECK(build.run().up_to_date);

  SECTION("one that is missing or was changed is written again") {
    fs::remove(drop_in);
    CHECK_FALSE(build.run().up_to_date);
    CHECK(read_file(drop_in) == text);
    write_file(drop_in, text + "default_vcpus = 2\n");
    CHECK_FALSE(build.run().up_to_date);
    CHECK(read_file(drop_in) == text);
  }
  SECTION("one that names the place from which the image was moved is written again") {
    fs::rename(build.path("out"), build.path("moved"));
    CHECK_FALSE(build.run("moved/initrd.img").up_to_date);
    CHECK_THAT(read_file(build.path("moved/initrd.toml")), Catch::Contains("/moved/initrd.img"));
  }
  SECTION("a recipe without hooks takes it away, and nobody else's") {
    build.recipe.guest_hooks.clear();
    CHECK_FALSE(build.run().up_to_date);
    CHECK_FALSE(fs::exists(drop_in));
    write_file(drop_in, "[hypervisor.qemu]\n");
    CHECK(build.run().up_to_date);
    build.recipe.name = "other";
    CHECK_FALSE(build.run("out/initrd.img").up_to_date);
    CHECK(fs::exists(drop_in));
  }
  SECTION("files that were there without hooks are not taken for hooks") {
    ImageFile& file = build.recipe.files.emplace_back();
    file.path = "/usr/share/oci/hooks/prestart/10-x";
    file.content = "#!/bin/sh\n";
    file.mode = 0755;
    build.recipe.guest_hooks.clear();
    build.run();
    CHECK_FALSE(fs::exists(drop_in));
    build.recipe.guest_hooks = build.path("hooks");
    build.run();
    CHECK(fs::exists(drop_in));
  }
}
