// SPDX-License-Identifier: Apache-2.0
//
// A pool, a recipe and a published repository in a folder of their own; a web server on loopback
// and the real dnf to read it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "tests/support/web_server.h"

namespace kata::test {

class RepoWorkbench {
 public:
  /// The pool holds demo 1.0 and demo-lib 1.0, signed by the main key.
  RepoWorkbench();
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return dir_.path() + "/" + name;
  }
  /// Copies a package of the shelf ("main/demo-1.1-1.el9.noarch.rpm") into the pool.
  void put(const std::string& package, const std::string& pool = "pool") const;
  /// Writes the recipe: `more` is added at the end; `channels` and `signing` as in YAML.
  void write_recipe(const std::string& more = "", const std::string& channels = "",
                    const std::string& signing = "") const;
  void set_base_url(std::string url) { base_url_ = std::move(url); }
  /// `katabuild repo` with this workbench's recipe, cache and output (the folder "repo").
  [[nodiscard]] Command katabuild(const std::vector<std::string>& more = {}) const;
  CommandResult publish(const std::vector<std::string>& more = {}) const;
  /// `katabuild verify repo` with the main key.
  CommandResult verify(const std::vector<std::string>& more = {}) const;
  /// The folder of the newest snapshot of el9/x86_64.
  [[nodiscard]] std::string latest() const;
  /// The only file in the newest snapshot's repodata whose name ends so.
  [[nodiscard]] std::string metadata(const std::string& suffix) const;
  /// Every file and link below `folder` with its content.
  [[nodiscard]] std::map<std::string, std::string> tree(const std::string& folder) const;

 private:
  TempDir dir_;
  std::string base_url_ = "http://127.0.0.1:9/kata";
};

/// dnf with an install root of its own that knows no repository but those of one .repo file.
class Dnf {
 public:
  explicit Dnf(const std::string& repo_file);
  CommandResult run(const std::vector<std::string>& arguments) const;
  /// Package names with versions in the install root.
  [[nodiscard]] std::string installed() const;

 private:
  TempDir dir_;
};

/// A published repository, served over HTTP.
class ServedRepo {
 public:
  /// The recipe is as by RepoWorkbench::write_recipe().
  explicit ServedRepo(const std::string& more = "", const std::string& channels = "");
  /// Publishes; the metadata's time is `time` when it is not 0. The test fails when it fails.
  void publish(long time = 0) const;
  RepoWorkbench bench;
  WebServer server{bench.path("repo")};
};

/// Flips one bit in the middle of a file, or `from_end` bytes before its end.
void flip_a_byte(const std::string& path, std::size_t from_end = 0);

}  // namespace kata::test
