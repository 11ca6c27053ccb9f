// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/source_tree.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "builder/pipeline/git.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::rpm {
namespace {

namespace fs = std::filesystem;

/// The mode's only meaning in a source tree is whether the file may be run.
archive::TarFile describe(const std::string& path, std::string name) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_errno(errno, "look at {}", path);
  archive::TarFile file{.path = std::move(name)};
  if (S_ISLNK(status.st_mode)) {
    file.target = fs::read_symlink(path).string();
  } else {
    file.source = path;
    file.mode = (status.st_mode & 0111U) != 0 ? 0755 : 0644;
  }
  return file;
}

std::vector<std::string> names_by_git(const std::string& folder, CommandRunner& runner) {
  if (!find_program("git"))
    throw_error(Code::failed_precondition,
                "pack the source tree {}: there is no program git: install it with `apt-get "
                "install git` or `dnf install git-core`",
                folder);
  const Command command = pipeline::git_command(folder, {"ls-files", "-z", "--cached"});
  return split_text(run_checked(runner, command).output, '\0');
}

std::vector<std::string> names_below(const std::string& folder, bool skip_results) {
  std::vector<std::string> names;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::end(it); ++it) {
    const std::string name = it->path().string().substr(folder.size() + 1);
    if (skip_results && it.depth() == 0 &&
        (name == "build" || name == ".cache" || name == ".git")) {
      it.disable_recursion_pending();
    } else if (it->is_symlink() || it->is_regular_file()) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::vector<archive::TarFile> source_tree(const std::string& folder, const std::string& prefix,
                                          CommandRunner& runner) {
  const bool is_checkout = path_exists(join_path(folder, ".git"));
  std::vector<archive::TarFile> files;
  for (const std::string& name :
       is_checkout ? names_by_git(folder, runner) : names_below(folder, true)) {
    const std::string path = join_path(folder, name);
    // a file that was removed but not committed is no longer part of the tree
    if (fs::symlink_status(path).type() != fs::file_type::not_found)
      files.push_back(describe(path, join_path(prefix, name)));
  }
  return files;
}

std::vector<archive::TarFile> files_below(const std::string& folder) {
  std::vector<archive::TarFile> files;
  if (!path_exists(folder)) return files;
  for (const std::string& name : names_below(folder, false))
    files.push_back(describe(join_path(folder, name), name));
  return files;
}

std::string source_tree_digest(const std::string& folder, CommandRunner& runner) {
  return archive::tar_digest(source_tree(folder, "source", runner));
}

}  // namespace kata::rpm
