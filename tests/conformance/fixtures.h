// SPDX-License-Identifier: Apache-2.0
//
// Containers that many cases look at. Each is made once, when the first case asks; when it cannot
// be made, every case that asks fails with the same words.
#pragma once

#include <map>
#include <string>

#include "tests/conformance/runtime.h"

namespace kata::conformance {

/// A container whose configuration says something about nearly everything, with hooks of all kinds.
struct Full {
  Json facts;    ///< the probe's
  Json created;  ///< its state after `create`
  Json stopped;  ///< its state after its end
  Json hooks;    ///< what the hooks were given, in the order in which they ran
  std::string id;
  std::string bundle;
  std::string host_data;  ///< what the container has written into a bind mount
};
const Full& full();
/// An answer of full()'s probe; null when it was not asked.
const Json& full_answer(const std::string& query);
/// The last mount at `point`, null when there is none.
Json mount_at(const Json& facts, const std::string& point);

/// The probe's facts of a container that says as little as it may: another user, a read-only root,
/// nothing optional.
const Json& plain();

/// A container taken through its life step by step; each call's result under the step's name.
struct Life {
  std::map<std::string, CommandResult> calls;
  std::map<std::string, Json> states;  ///< `state` after the step; null when it failed
  std::map<std::string, std::string> notes;
  [[nodiscard]] int status(const std::string& step) const { return calls.at(step).status; }
  /// The `status` property after `step`.
  [[nodiscard]] std::string after(const std::string& step) const {
    return states.at(step).is_null() ? "none" : states.at(step).value("status", "");
  }
};
const Life& life();

}  // namespace kata::conformance
