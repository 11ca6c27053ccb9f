// SPDX-License-Identifier: Apache-2.0
//
// Undo steps: each step of a multi-step create leaves a guard, and the last line dismisses them.
#pragma once

#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace kata {

template <typename Action>
class ScopeExit {
 public:
  explicit ScopeExit(Action action) : action_(std::move(action)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  /// Runs the action unless dismissed; what it throws is logged at debug level.
  ~ScopeExit() {
    if (armed_) ignore_error(action_, "undoing a step");
  }
  void dismiss() noexcept { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

/// A stack of undo steps, run last in, first out, unless dismissed.
class UndoStack {
 public:
  UndoStack() = default;
  UndoStack(const UndoStack&) = delete;
  UndoStack& operator=(const UndoStack&) = delete;
  ~UndoStack() { run(); }
  void push(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void dismiss() noexcept { steps_.clear(); }
  /// Runs all steps now; each one's error is logged and does not stop the others.
  void run() noexcept {
    while (!steps_.empty()) {
      const std::function<void()> step = std::move(steps_.back());
      steps_.pop_back();
      ignore_error(step, "undoing a step");
    }
  }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace kata
