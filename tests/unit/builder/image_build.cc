// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/image_build.h"

#include <elf.h>
#include <fmt/core.h>

#include <string_view>

#include "builder/rootfs/build_image.h"
#include "runtime/base/error.h"

namespace kata::test {

std::string program_bytes(bool dynamic) {
  std::string elf =
      "\x7f"
      "ELF\x02\x01\x01";
  elf.resize(sizeof(Elf64_Ehdr));
  elf[16] = ET_EXEC;
  elf[18] = EM_X86_64;
  elf[32] = sizeof(Elf64_Ehdr);  // program headers follow
  elf[54] = sizeof(Elf64_Phdr);
  elf[56] = 1;
  std::string segment(sizeof(Elf64_Phdr), '\0');
  segment[0] = dynamic ? PT_INTERP : PT_LOAD;
  return elf + segment + std::string(5000, 'x');
}

std::string tar_member(const std::string& name, char type, const std::string& content,
                       const std::string& link, const std::string& mode) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, mode);
  put(108, "0000001");
  put(116, "0000002");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\0", 6) + "00");
  put(329, "0000005");
  put(337, "0000001");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512);
  return header + padded;
}

ImageBuild::ImageBuild()
    : board_(
          pipeline::ProgressMode::plain, [this](std::string_view line) { messages += line; },
          pipeline::ProgressBoard::Clock::now, 80),
      context{.cache = cache_,
              .runner = runner_,
              .progress = progress_,
              .source_date_epoch = std::nullopt,
              .jobs = 1,
              .keep_build = false} {
  recipe.file = "r.yaml";
  recipe.name = "test";
  recipe.timestamp = 1000;
  recipe.agent.path = file("agent", program_bytes());
  recipe.agent.strip = false;  // it is no program that objcopy would take
  recipe.compression.type = recipe::CompressionType::none;
}

std::string ImageBuild::file(const std::string& name, const std::string& content) const {
  write_file(path(name), content);
  return path(name);
}

recipe::ImageArtifact ImageBuild::run(const std::string& name) {
  return rootfs::build_image(recipe, path(name), context);
}

std::string ImageBuild::error(const std::string& name) {
  try {
    (void)run(name);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace kata::test
