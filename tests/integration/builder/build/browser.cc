// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/build/browser.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "runtime/base/error.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

constexpr int kPatience = 60000;  ///< milliseconds without an answer

std::string program() {
  for (const char* name : {"chromium", "chromium-browser"}) {
    if (auto path = find_program(name)) return *path;
  }
  require(false, "chromium", "needs the program chromium");
  return {};
}

/// Base64 without white space, as the protocol sends it.
std::string decoded(const std::string& text) {
  static const std::string kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned value = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kLetters.find(c);
    if (digit == std::string::npos) break;
    value = (value << 6U) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((value >> static_cast<unsigned>(bits)) & 0xffU);
  }
  return bytes;
}

}  // namespace

Browser::Browser() {
  Command command;
  // no sandbox: the tests may be root, and the pages are our own
  command.argv = {program(),
                  "--headless",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--disable-dev-shm-usage",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--no-first-run",
                  "--hide-scrollbars",
                  "--proxy-server=127.0.0.1:9",
                  "--user-data-dir=" + folder_.path(),
                  "--remote-debugging-pipe",
                  "about:blank"};
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + folder_.path(),
                 "XDG_CONFIG_HOME=" + folder_.path(), "XDG_CACHE_HOME=" + folder_.path(),
                 "LC_ALL=C.UTF-8"};
  Pipe to = make_pipe();
  Pipe from = make_pipe();
  command.fds = {{3, to.read.get()}, {4, from.write.get()}};
  process_ = spawn(command);
  to_ = std::move(to.write);
  from_ = std::move(from.read);
  to.read.reset();
  from.write.reset();
  const Json target = call("Target.createTarget", {{"url", "about:blank"}});
  session_ = call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}})
                 .at("sessionId")
                 .get<std::string>();
  for (const char* domain : {"Page", "Log", "Runtime"}) call(std::string(domain) + ".enable");
  call("Emulation.setScriptExecutionDisabled", {{"value", true}});
}

Browser::~Browser() {
  session_.clear();
  ignore_error([&] { call("Browser.close"); }, "it is killed below");
  for (int i = 0; i < 500 && !process_.try_wait(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

Json Browser::read_message() {
  for (;;) {
    if (const std::size_t end = buffer_.find('\0'); end != std::string::npos) {
      const std::string message = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return parse_json(message, "the browser's message");
    }
    struct pollfd wait = {.fd = from_.get(), .events = POLLIN, .revents = 0};
    char bytes[65536];
    const ssize_t count =
        ::poll(&wait, 1, kPatience) == 1 ? ::read(from_.get(), bytes, sizeof bytes) : 0;
    if (count <= 0) throw_error(Code::unavailable, "ask the browser: it does not answer");
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }
}

void Browser::take_event(const Json& event) {
  const std::string method = event.value("method", "");
  if (method == "Page.loadEventFired") loaded_ = true;
  if (method == "Log.entryAdded") {
    const Json& entry = event.at("params").at("entry");
    if (entry.at("level") != "verbose" && entry.at("level") != "info")
      complaints_.push_back(entry.at("text").get<std::string>());
  }
  if (method == "Runtime.consoleAPICalled" || method == "Runtime.exceptionThrown")
    complaints_.push_back(event.at("params").dump());
}

Json Browser::call(const std::string& method, const Json& parameters) {
  const int id = ++last_id_;
  Json message{{"id", id}, {"method", method}, {"params", parameters}};
  if (!session_.empty()) message["sessionId"] = session_;
  const std::string text = message.dump();
  write_all(to_.get(), std::string_view(text.c_str(), text.size() + 1));  // a NUL ends it
  for (;;) {
    const Json answer = read_message();
    if (answer.value("id", 0) != id) {
      take_event(answer);
    } else if (answer.contains("error")) {
      throw_error(Code::internal, "ask the browser for {}: {}", method, answer.at("error").dump());
    } else {
      return answer.at("result");
    }
  }
}

void Browser::open(const std::string& file, int width) {
  complaints_.clear();
  loaded_ = false;
  width_ = width;
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", 900}, {"deviceScaleFactor", 1}, {"mobile", width < 600}});
  const Json result = call("Page.navigate", {{"url", "file://" + file}});
  if (result.contains("errorText"))
    throw_error(Code::not_found, "open {}: {}", file, result.at("errorText").get<std::string>());
  while (!loaded_) take_event(read_message());
}

Json Browser::evaluate(const std::string& expression) {
  const Json result =
      call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}});
  if (result.contains("exceptionDetails"))
    throw_error(Code::internal, "evaluate {}: {}", expression, result.dump());
  return result.at("result").value("value", Json());
}

void Browser::allow_scripts() { call("Emulation.setScriptExecutionDisabled", {{"value", false}}); }

void Browser::prefer_dark(bool dark) {
  const Json feature{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}};
  call("Emulation.setEmulatedMedia", {{"features", Json::array({feature})}});
}

void Browser::press(const std::string& key) {
  Json parameters{{"type", "keyDown"}, {"key", key}, {"code", key}};
  if (key == "Enter") parameters["text"] = "\r";
  call("Input.dispatchKeyEvent", parameters);
  call("Input.dispatchKeyEvent", {{"type", "keyUp"}, {"key", key}, {"code", key}});
}

void Browser::click(const std::string& selector) {
  const Json box = evaluate("(() => { const box = document.querySelector(" + Json(selector).dump() +
                            "); box.scrollIntoView({block: 'center'}); "
                            "const at = box.getBoundingClientRect(); "
                            "return {x: at.x + at.width / 2, y: at.y + at.height / 2}; })()");
  for (const char* type : {"mousePressed", "mouseReleased"}) {
    call("Input.dispatchMouseEvent", {{"type", type},
                                      {"x", box.at("x")},
                                      {"y", box.at("y")},
                                      {"button", "left"},
                                      {"clickCount", 1}});
  }
}

std::string Browser::text() { return evaluate("document.body.innerText").get<std::string>(); }

int Browser::overflow() {
  const Json metrics = call("Page.getLayoutMetrics");
  const double content = metrics.at("cssContentSize").at("width").get<double>();
  const double own = evaluate("document.documentElement.scrollWidth").get<double>();
  return static_cast<int>(std::ceil(std::max(content, own))) - width_;
}

void Browser::save_screenshot(const std::string& path) {
  const Json picture =
      call("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", true}});
  write_file(path, decoded(picture.at("data").get<std::string>()));
}

}  // namespace kata::test
