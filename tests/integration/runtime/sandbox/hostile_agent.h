// SPDX-License-Identifier: Apache-2.0
//
// An agent that does to a chosen call what no agent should, and answers all others well: what a
// guest that has been taken over could do with the connection.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "runtime/base/fd.h"
#include "runtime/wire/ttrpc/frame.h"

namespace kata::test {

enum class Attack {
  silence,           ///< no answer
  garbage,           ///< bytes that are no frame
  huge_length,       ///< a frame that claims 4 GiB
  wrong_stream,      ///< a frame on an even stream
  no_envelope,       ///< a frame whose payload is no ttrpc response
  no_message,        ///< a response whose payload is no message
  end,               ///< the connection ends instead of the answer
  end_within_frame,  ///< the connection ends in the middle of the answer
  twice,             ///< the answer, and once more
  unasked,           ///< answers to calls that were never made, then the answer
  flood,             ///< 64 MiB of such answers in the largest frames, then as many small ones
};

[[nodiscard]] std::string name_of(Attack attack);

class HostileAgent {
 public:
  /// The payload of a good answer to the `count`th call (from 1) of a method; nothing: no answer.
  using Answer = std::function<std::optional<std::string>(int count)>;

  /// Serves `connection` in a thread. By method: what it does to a call, the answers other than
  /// empty ones, and what it says is wrong. Calls that wait for events or output are not answered
  /// unless `answers` says so.
  HostileAgent(UniqueFd connection, std::map<std::string, Attack> attacks,
               std::map<std::string, Answer> answers, std::map<std::string, std::string> failures);
  HostileAgent(const HostileAgent&) = delete;
  HostileAgent& operator=(const HostileAgent&) = delete;
  /// Ends the connection and the thread.
  ~HostileAgent();

  /// How often a method was called so far.
  [[nodiscard]] int calls(const std::string& method) const;

 private:
  void serve();
  /// False when the connection is to end.
  bool respond(const wire::Frame& frame);

  UniqueFd connection_;
  std::map<std::string, Attack> attacks_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::string> failures_;
  mutable std::mutex mutex_;
  std::map<std::string, int> calls_;
  std::thread thread_;
};

}  // namespace kata::test
