// SPDX-License-Identifier: Apache-2.0
//
// A headless Chromium that is asked what it shows, over the DevTools protocol on a pipe: no port,
// no network.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"

namespace kata::test {

class Browser {
 public:
  /// Starts it; the test is skipped by name where there is none.
  Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  /// Asks it to end, and waits.
  ~Browser();
  /// Shows the file in a window of that width, with the page's own scripts switched off; below 600
  /// pixels as a telephone does, for which the page must say that it fits.
  void open(const std::string& file, int width);
  /// The text as it is rendered: what is hidden or in a closed <details> is not in it.
  [[nodiscard]] std::string text();
  /// What the expression is in the page.
  [[nodiscard]] Json evaluate(const std::string& expression);
  /// How many pixels the content is wider than the window.
  [[nodiscard]] int overflow();
  /// Lets pages opened after this run their scripts.
  void allow_scripts();
  /// Whether pages are told that the user wants a dark one.
  void prefer_dark(bool dark);
  /// A key as the user presses it: "Enter", "Backspace", "ArrowRight".
  void press(const std::string& key);
  /// A click of the mouse in the middle of the first element that fits the selector.
  void click(const std::string& selector);
  /// Errors and warnings that the page caused since it was opened.
  [[nodiscard]] const std::vector<std::string>& complaints() const noexcept { return complaints_; }
  /// A PNG of the whole page.
  void save_screenshot(const std::string& path);

 private:
  Json call(const std::string& method, const Json& parameters = Json::object());
  Json read_message();
  void take_event(const Json& event);

  TempDir folder_;
  UniqueFd to_;
  UniqueFd from_;
  ChildProcess process_;
  std::string session_;
  std::string buffer_;
  std::vector<std::string> complaints_;
  bool loaded_ = false;
  int last_id_ = 0;
  int width_ = 0;
};

}  // namespace kata::test
