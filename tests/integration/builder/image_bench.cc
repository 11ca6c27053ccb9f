// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/image_bench.h"

#include <filesystem>
#include <optional>

#include "tests/support/require.h"

namespace kata::test {

namespace fs = std::filesystem;

void ImageBench::write_recipe(const std::string& text) const {
  write_file(path("r.yaml"),
             "name: test\ncompression: {type: none}\nagent: {strip: false}\n" + text);
}

Command image_command(const std::string& recipe, const std::string& output,
                      const std::string& cache, const std::string& agent) {
  return {.argv = {KATABUILD, "image", "--recipe", recipe, "--output", output, "--cache", cache,
                   "--progress", "plain", "--agent", agent}};
}

Command ImageBench::command(const std::vector<std::string>& more) const {
  Command command = image_command(path("r.yaml"), path("out/i.img"), path("cache"), agent);
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + path()};
  return command;
}

CommandResult ImageBench::run(const std::vector<std::string>& more) const {
  RealCommandRunner runner;
  return runner.run(command(more));
}

std::map<std::string, archive::Entry> ImageBench::entries() const {
  std::map<std::string, archive::Entry> entries;
  archive::ArchiveReader reader(path("out/i.img"));
  while (const std::optional<archive::Entry> entry = reader.next()) entries[entry->path] = *entry;
  return entries;
}

std::string ImageBench::text(const std::string& wanted) const {
  std::string bytes = "nothing";
  archive::ArchiveReader reader(path("out/i.img"));
  while (const std::optional<archive::Entry> entry = reader.next()) {
    if (entry->path != wanted) continue;
    bytes.clear();
    (void)reader.read_content([&](std::string_view part) { bytes += part; });
  }
  return bytes;
}

std::string ImageBench::left_behind() const {
  std::string left;
  for (const auto& entry : fs::directory_iterator(path("cache/work")))
    left += entry.path().string() + "\n";
  return left;
}

}  // namespace kata::test
