// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/integration/builder/build/browser.h"
#include "tests/unit/builder/newc_text.h"

namespace {

using namespace kata;
using test::Browser;
using test::NewcFile;

/// An image as large as a small distribution, in names; most files are small, as they are there.
std::string write_page(const TempDir& dir) {
  std::vector<NewcFile> files;
  const auto add = [&](const std::string& path, std::size_t size, unsigned mode = 0100644) {
    files.push_back({.path = path, .text = std::string(size, 'x'), .mode = mode});
  };
  for (std::size_t i = 0; i < 200; ++i) {
    add("usr/lib/x86_64-linux-gnu/lib" + std::to_string(i) + ".so", 300 + 40 * i);
    add("usr/share/zoneinfo/Area/Place" + std::to_string(i), 20);
  }
  for (std::size_t i = 0; i < 30; ++i)
    add("usr/bin/program-" + std::to_string(i), 2000 + 997 * (i * i % 17),
        i == 3 ? 0104755 : 0100755);
  add("opt/one-large-file-with-quite-a-long-name.bin", 400'000);
  add("etc/<b>bold & \"quoted\"</b>", 5000);
  add("init", 300'000, 0100755);
  write_file(dir.path() + "/initrd.img", test::newc(files));
  RealCommandRunner runner;
  Command command;
  command.argv = {KATABUILD, "inspect", dir.path() + "/initrd.img", "--html",
                  dir.path() + "/page.html"};
  (void)run_checked(runner, command);
  return dir.path() + "/page.html";
}

void save(Browser& browser, const std::string& name) {
  if (const char* folder = std::getenv("KATA_TEST_SCREENSHOTS"))
    browser.save_screenshot(std::string(folder) + "/" + name + ".png");
}

constexpr const char* kOverlapping = R"((() => {
  const boxes = Array.from(document.querySelectorAll('#map > .box'), e => e.getBoundingClientRect());
  const map = document.getElementById('map').getBoundingClientRect();
  let wrong = 0, area = 0;
  boxes.forEach((a, i) => {
    area += a.width * a.height;
    if (a.left < map.left - 1 || a.right > map.right + 1 || a.top < map.top - 1 || a.bottom > map.bottom + 1) ++wrong;
    boxes.slice(i + 1).forEach(b => {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 1 && y > 1) ++wrong;
    });
  });
  return [wrong, Math.round(100 * area / (map.width * map.height))];
})())";

/// Of text on its background, as WCAG 2 counts it; the least of all boxes.
constexpr const char* kContrast = R"((() => {
  const light = text => {
    const [r, g, b] = text.match(/[\d.]+/g).map(n => n / 255).map(
        c => c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return Math.min(...Array.from(document.querySelectorAll('.box'), e => {
    const style = getComputedStyle(e);
    const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})())";

std::string trail(Browser& browser) {
  return browser.evaluate("document.getElementById('trail').innerText.replace(/\\s+/g, ' ')")
      .get<std::string>();
}

std::string first_cell(Browser& browser, const std::string& table) {
  return browser
      .evaluate("document.querySelector('" + table + "').tBodies[0].rows[0].cells[0].innerText")
      .get<std::string>();
}

}  // namespace

TEST_CASE("an image's page is a map to walk through, by mouse and by keyboard", "[pages]") {
  const TempDir dir;
  const std::string page = write_page(dir);
  Browser browser;
  browser.allow_scripts();
  for (const bool dark : {false, true}) {
    browser.prefer_dark(dark);
    for (const int width : {1280, 400}) {
      CAPTURE(dark, width);
      browser.open(page, width);
      CHECK(browser.overflow() <= 0);
      CHECK(browser.complaints() == std::vector<std::string>());
      const Json boxes = browser.evaluate(kOverlapping);
      CHECK(boxes.at(0) == 0);
      CHECK(boxes.at(1) >= 98);
      CHECK(browser.evaluate(kContrast).get<double>() >= 4.5);
      save(browser, std::string("inspect-") + (dark ? "dark-" : "light-") + std::to_string(width));
    }
  }
  browser.open(page, 1280);
  CHECK_THAT(trail(browser), Catch::Contains("/ "));
  CHECK(first_cell(browser, "#inside-table") == "usr/");

  // the mouse: into /usr, into one of its folders, back by the trail
  browser.click("#map > button");
  CHECK_THAT(trail(browser), Catch::Contains("/ usr/ "));
  CHECK(browser.evaluate(kOverlapping).at(0) == 0);
  browser.click("#map > button");
  CHECK_THAT(trail(browser), Catch::Contains("/ usr/ lib/ "));
  save(browser, "inspect-inside");
  browser.click("#trail button");
  CHECK(first_cell(browser, "#inside-table") == "usr/");

  // the keyboard: the focus went to the first box
  browser.press("Enter");
  CHECK_THAT(trail(browser), Catch::Contains("/ usr/ "));
  browser.press("ArrowRight");
  CHECK(browser.evaluate("document.activeElement !== document.querySelector('#map > .box') && "
                         "document.activeElement.classList.contains('box')") == true);
  browser.press("Backspace");
  CHECK(first_cell(browser, "#inside-table") == "usr/");

  // tables: by name, and back by size
  browser.click("#inside-table th button");
  CHECK(first_cell(browser, "#inside-table") == "etc/");
  browser.click("#inside-table th:nth-child(2) button");
  CHECK(first_cell(browser, "#inside-table") == "usr/");
  browser.click("#inside-table th:nth-child(2) button");
  CHECK(first_cell(browser, "#inside-table") == "etc/");
  CHECK_THAT(browser.text(), Catch::Contains("setuid") && Catch::Contains("/usr/bin/program-3"));
  CHECK(browser.complaints() == std::vector<std::string>());
}

TEST_CASE("an image's page is readable without scripts and asks nobody for anything", "[pages]") {
  const TempDir dir;
  const std::string page = write_page(dir);
  Browser browser;
  browser.open(page, 400);
  CHECK(browser.overflow() <= 0);
  CHECK_THAT(browser.text(), Catch::Contains("The map needs scripts") &&
                                 Catch::Contains("/opt/one-large-file") &&
                                 Catch::Contains("By folder"));
  CHECK(browser.evaluate("document.querySelectorAll('[src], link, a[href]').length") == 0);
  CHECK(browser.evaluate("performance.getEntriesByType('resource').length") == 0);
}
