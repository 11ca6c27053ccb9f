// SPDX-License-Identifier: Apache-2.0
//
// The runtime that is judged, on its command line, and the bundles that it is given.
// KATA_CONFORMANCE_PROGRAM is its program, KATA_CONFORMANCE_FOLDER an empty folder for all that a
// run makes; who calls removes it.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/json.h"

namespace kata::conformance {

/// The value of `name`; ends the program when there is none: a run is meaningless without.
[[nodiscard]] std::string setting(const char* name);

/// `RUNTIME --root DIR ARGUMENTS`, at most a minute. What it starts in the background may keep the
/// outputs, which are files. `fds` go to it in addition.
CommandResult runtime(std::vector<std::string> arguments,
                      std::vector<std::pair<int, int>> fds = {});

/// A folder with a config.json and a root of busybox and the probe.
class Bundle {
 public:
  /// A small but complete configuration, which runs `args`.
  explicit Bundle(std::vector<std::string> args);

  Json config;
  /// Writes config.json.
  void write() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string rootfs() const { return path_ + "/rootfs"; }

 private:
  std::string path_;
};

/// The probe's arguments with `queries`.
[[nodiscard]] std::vector<std::string> probe(const std::vector<std::string>& queries = {});

/// One container: its id, its bundle and its output. The destructor deletes it by force.
class Container {
 public:
  explicit Container(const Bundle& bundle, std::string id = {});
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  CommandResult create(std::vector<std::string> options = {},
                       std::vector<std::pair<int, int>> fds = {});
  CommandResult start();
  CommandResult remove();
  /// `VERB [OPTIONS] ID [WORDS]`.
  CommandResult call(const std::string& verb, std::vector<std::string> options = {},
                     const std::vector<std::string>& words = {});
  /// The `status` of its state; "none" when there is no such container.
  std::string status();
  /// All of its state, null when there is none.
  Json state();
  bool wait_for(const std::string& wanted);
  /// What `create` and the container have written to standard output and standard error.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  std::string id_;
  std::string bundle_;
};

/// Creates and starts `bundle`, waits for its end; what the probe has printed. Throws Error with
/// the runtime's words.
Json probed(const Bundle& bundle);
/// What `create` of `bundle` says when it must not succeed; also whether anything stayed.
struct Refusal {
  bool refused = false;  ///< create failed, or start did
  bool clean = false;    ///< no container of that id afterwards
  std::string words;
};
Refusal refusal_of(const Bundle& bundle);

}  // namespace kata::conformance
