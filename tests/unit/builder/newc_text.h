// SPDX-License-Identifier: Apache-2.0
//
// cpio archives of the format newc, byte by byte, right or wrong.
#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

namespace kata::test {

struct NewcFile {
  std::string path;
  std::string text{};  ///< a file's bytes, or a link's target
  unsigned mode = 0100644;
  unsigned inode = 0;
  unsigned links = 1;
};

inline std::string newc(const std::vector<NewcFile>& files) {
  std::string archive;
  const auto pad = [&] { archive.resize((archive.size() + 3) / 4 * 4); };
  const auto add = [&](const NewcFile& file, unsigned inode) {
    archive += fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", inode, file.mode, 0,
                           0, file.links, 0, file.text.size());
    archive +=
        fmt::format("{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", 0, 0, 0, 0, file.path.size() + 1, 0);
    archive += file.path + std::string(1, '\0');
    pad();
    archive += file.text;
    pad();
  };
  unsigned next = 1000;
  for (const NewcFile& file : files) add(file, file.inode != 0 ? file.inode : next++);
  add({.path = "TRAILER!!!", .mode = 0}, 0);
  return archive;
}

}  // namespace kata::test
