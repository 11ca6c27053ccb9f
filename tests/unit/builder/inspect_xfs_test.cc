// SPDX-License-Identifier: Apache-2.0
//
// XFS images that mkfs.xfs fills of a prototype: what the reader says is what the prototype did.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "builder/inspect/content.h"
#include "builder/inspect/xfs_reader.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using archive::EntryKind;

std::string name_of(int i) { return "a-name-that-takes-some-room-" + std::to_string(i); }

class Bench {
 public:
  Bench() {
    test::require_program("mkfs.xfs");
    for (int i = 0; big_.size() < 300'000; ++i) big_ += std::to_string(i * i) + " of a text\n";
    write_file(path("big"), big_);
    write_file(path("small"), "small\n");
  }
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  [[nodiscard]] const std::string& big() const noexcept { return big_; }
  /// Makes an XFS of a tree with folders of `names` names.
  void make(int names, const std::vector<std::string>& options) const {
    std::string text = "/\n0 0\nd--755 0 0\n";
    text += "big ---644 70000 5 " + path("big") + "\n";
    text += "small -u-755 0 0 " + path("small") + "\n";
    text += "link l--777 0 0 small\n";
    text += "far l--777 0 0 " + std::string(300, 'x') + "\n";
    text += "fuse c--666 0 0 10 229\n";
    text += "disk b--660 0 6 259 70000\n";
    text += "pipe p--600 0 0\n";
    text += "few d--750 1 2\none ---600 0 0 " + path("small") + "\n$\n";
    text += "many d--755 0 0\n";
    for (int i = 0; i < names; ++i) text += name_of(i) + " ---644 0 0 " + path("small") + "\n";
    write_file(path("prototype"), text + "$\n$\n");
    std::vector<std::string> argv = {"mkfs.xfs", "-q", "-f", "-p", path("prototype")};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("-dfile,name=" + path("xfs") + ",size=320m");
    RealCommandRunner runner;
    (void)run_checked(runner, {.argv = argv});
  }
  [[nodiscard]] inspect::Content read() const {
    inspect::ContentBuilder builder("xfs", dir_.path());
    inspect::read_xfs(path("xfs"), 0, builder);
    return builder.finish();
  }

 private:
  TempDir dir_;
  std::string big_;
};

}  // namespace

TEST_CASE("an XFS is read as it was filled, whatever its folders look like inside", "[inspect]") {
  const Bench bench;
  // names in the inode, in one block with its index, in blocks with one block of index, with many
  const int names = GENERATE(4, 60, 300, 2500);
  const auto options =
      GENERATE(std::vector<std::string>{}, std::vector<std::string>{"-bsize=1024", "-isize=512"},
               std::vector<std::string>{"-mbigtime=0", "-nsize=8192"});
  CAPTURE(names, options);
  bench.make(names, options);
  const inspect::Content content = bench.read();
  CHECK(content.entries.size() == static_cast<std::size_t>(names) + 10);
  const auto entry = [&](const std::string& path) { return content.entries.at(path).entry; };
  const auto digest = [&](const std::string& path) {
    return content.bytes[*content.entries.at(path).bytes].sha256;
  };
  CHECK(entry("big").uid == 70000);
  CHECK(entry("big").gid == 5);
  CHECK(digest("big") == pipeline::sha256_of_text(bench.big()));
  CHECK(entry("small").mode == 04755);
  CHECK(entry("link").target == "small");
  CHECK(entry("far").target == std::string(300, 'x'));
  CHECK(entry("fuse").kind == EntryKind::character_device);
  CHECK(entry("fuse").device_major == 10);
  CHECK(entry("fuse").device_minor == 229);
  CHECK(entry("disk").kind == EntryKind::block_device);
  CHECK(entry("disk").device_minor == 70000);
  CHECK(entry("pipe").kind == EntryKind::fifo);
  CHECK(entry("few").mode == 0750);
  CHECK(entry("few").kind == EntryKind::directory);
  for (int i = 0; i < names; ++i)
    CHECK(digest("many/" + name_of(i)) == pipeline::sha256_of_text("small\n"));
  // as precise as mkfs.xfs asks; time(2) is behind that by a tick
  const std::int64_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  CHECK(entry("few/one").mtime <= now);
  CHECK(entry("few/one").mtime > now - 1000);
}

TEST_CASE("an XFS of an older version is told, and a damaged one is an error", "[inspect]") {
  const Bench bench;
  bench.make(4, {"-mcrc=0"});
  CHECK_THROWS_WITH(bench.read(), Catch::Contains("version or features not known"));
  bench.make(60, {});
  std::string bytes(std::size_t{4} << 20, '\0');
  std::ifstream(bench.path("xfs"), std::ios::binary).read(bytes.data(), 4 << 20);
  const std::size_t at = bytes.find("IN\x41", 4096);  // the first inode: a folder
  REQUIRE(at != std::string::npos);
  const auto reads = [&] {
    try {
      (void)bench.read();
      return std::string("no error");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  // whatever single byte is wrong in inodes: an error or other files, no crash
  std::fstream file(bench.path("xfs"), std::ios::in | std::ios::out | std::ios::binary);
  for (std::size_t i = 0; i < 400; ++i) {
    const std::size_t place = at + i * 37 % 8192;
    const auto write = [&](char byte) {
      file.seekp(static_cast<std::streamoff>(place));
      file.put(byte);
      file.flush();
    };
    write(static_cast<char>(bytes[place] ^ static_cast<char>(1U << (i % 8))));
    CHECK(reads().size() < 2000);
    write(bytes[place]);
  }
  CHECK(reads() == "no error");
  file.seekp(static_cast<std::streamoff>(at));
  file.put('X');
  file.flush();
  CHECK_THAT(reads(), Catch::Contains("the inode of / is damaged"));
}
