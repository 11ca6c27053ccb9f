// SPDX-License-Identifier: Apache-2.0
//
// Driving the kernel's own build: tools, environment, make. Everything that could differ between
// two machines or two folders is pinned here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/kernel_recipe.h"

namespace kata::kernel {

struct Tool {
  std::string name;
  std::string version;  ///< the first line of --version
};

struct Toolchain {
  std::vector<Tool> tools;
  bool has_ccache = false;
};

/// Finds the programs a kernel build needs. Throws Error(failed_precondition) that names all
/// missing ones and the packages they are in.
[[nodiscard]] Toolchain probe_toolchain(const std::string& compiler, pipeline::Context& context);

/// A source tree and how to build it.
struct BuildTree {
  std::string source;  ///< the tree's top folder
  std::string work;    ///< a folder for the merged configuration and temporary files
  std::string compiler;
  bool has_ccache = false;
  bool has_modules = false;
  std::int64_t timestamp = 0;
};

/// allnoconfig plus the merged fragments; returns the text of .config. Throws Error.
[[nodiscard]] std::string configure(const BuildTree& tree, const std::string& merged,
                                    pipeline::Context& context);
/// Builds vmlinux, bzImage and the modules, if any; returns how many files were made. Throws Error
/// with the compiler's message.
std::uint64_t compile(const BuildTree& tree, std::uint64_t expected_steps,
                      pipeline::Context& context);
/// Puts the built modules, without debug information, and their lists into `folder`, as
/// lib/modules/VERSION; without depmod's indexes, which `katabuild image` makes. Throws Error.
void install_modules(const BuildTree& tree, const std::string& folder, pipeline::Context& context);
/// What `uname -r` will say.
[[nodiscard]] std::string kernel_release(const BuildTree& tree, pipeline::Context& context);
/// Copies `vmlinux` to `to` without its symbols and packed (see pack_elf.h), or as it is. Throws
/// Error.
void strip_vmlinux(const std::string& vmlinux, const std::string& to, bool strip,
                   pipeline::Context& context);
/// The time as the kernel's version text holds it: "Thu Jan  1 00:00:00 UTC 1970".
[[nodiscard]] std::string build_timestamp_text(std::int64_t seconds);
/// The object that a line of make's output says is being made: "  CC      init/main.o" ->
/// "init/main.o"; else empty.
[[nodiscard]] std::string_view made_object(std::string_view line);

}  // namespace kata::kernel
