// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "builder/kernel/compile.h"
#include "builder/kernel/config_check.h"
#include "builder/kernel/config_merge.h"
#include "builder/kernel/kconfig.h"
#include "builder/kernel/unpack.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::kernel;

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    return error.what();
  }
  return "no error";
}

KconfigTree sample_tree() {
  const TempDir dir;
  write_file(dir.path() + "/Kconfig",
             "mainmenu \"x\"\nsource \"net/Kconfig\"\nsource \"arch/$(SRCARCH)/Kconfig\"\nsource "
             "\"gone/Kconfig\"\n"
             "config EXPERT\n\tbool \"Expert\"\n\thelp\n\t  config NOT_A_SYMBOL\n\n\t  depends on "
             "nothing\n"
             "config HIDDEN\n\tbool\nconfig USER\n\tbool \"User\"\n\tselect HIDDEN if EXPERT\n");
  make_directories(dir.path() + "/net");
  make_directories(dir.path() + "/arch/x86");
  write_file(dir.path() + "/arch/x86/Kconfig", "config X86\n\tdef_bool y\n");
  write_file(
      dir.path() + "/net/Kconfig",
      "menuconfig NET\n\tbool \"Networking\"\nif NET\nmenu \"Filter\"\n\tdepends on INET || "
      "\\\n\t\tIPV6\n"
      "config NF_TABLES\n\tbool \"nf_tables\"  # comment\n\tdepends on NETFILTER && !EXPERT\n"
      "\tdepends on SIZE >= 4\nendmenu\nconfig TUNABLE\n\tbool \"Tunable\" if EXPERT\n\tdefault "
      "y\nendif\n");
  return read_kconfig(dir.path(), "x86");
}

}  // namespace

TEST_CASE("fragments merge in order into a configuration", "[kernel]") {
  Requests requests;
  merge_fragment("# why\nCONFIG_A=y\n\n# CONFIG_B is not set\nCONFIG_S=\".x\"\n", "a.conf",
                 requests);
  merge_fragment("CONFIG_N=64\nCONFIG_A=y\nCONFIG_H=0x1000\nCONFIG_D=n\n", "b.conf", requests);
  CHECK(merged_text(requests) ==
        "CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_D is not "
        "set\nCONFIG_H=0x1000\nCONFIG_N=64\nCONFIG_S=\".x\"\n");
  CHECK(requests.at("N").origin == "b.conf:1");
}

TEST_CASE("two fragments that disagree are told with both places", "[kernel]") {
  Requests requests;
  merge_fragment("CONFIG_A=y\n", "a.conf", requests);
  const std::string message =
      error_of([&] { merge_fragment("\n# CONFIG_A is not set\n", "b.conf", requests); });
  CHECK(message == "b.conf:2: CONFIG_A=n, but a.conf:1 says y: keep one of the two");
}

TEST_CASE("a fragment's broken lines are all told at once", "[kernel]") {
  Requests requests;
  const std::string message =
      error_of([&] { merge_fragment("A=y\nCONFIG_B=maybe\nCONFIG_C=x\n", "a.conf", requests); });
  CHECK_THAT(message, Catch::Contains("a.conf:1: neither"));
  CHECK_THAT(message, Catch::Contains("a.conf:2: CONFIG_B: the value must be"));
  CHECK_THAT(message, Catch::Contains("a.conf:3: CONFIG_C: the value must be"));
}

TEST_CASE("a module needs a kernel that has modules", "[kernel]") {
  Requests requests;
  merge_fragment("CONFIG_A=m\n", "a.conf", requests);
  CHECK(merged_text(requests) == "CONFIG_A=m\n");
  CHECK_THAT(error_of([&] { check_modules(requests); }),
             Catch::EndsWith("a.conf:1: CONFIG_A=m: the kernel has no modules: use y, or add "
                             "CONFIG_MODULES=y"));
  merge_fragment("CONFIG_MODULES=y\n", "b.conf", requests);
  CHECK_NOTHROW(check_modules(requests));
}

TEST_CASE("a module that came out built in, or the reverse, is explained", "[kernel]") {
  const KconfigTree tree = sample_tree();
  CHECK(explain_loss("HIDDEN", "m", {{"HIDDEN", "y"}, {"USER", "y"}, {"EXPERT", "y"}}, tree) ==
        "it is built in for USER");
  CHECK_THAT(explain_loss("NET", "m", {{"NET", "y"}}, tree),
             Catch::StartsWith("it cannot be a module, only built in; see net/Kconfig:"));
  CHECK_THAT(explain_loss("NF_TABLES", "y", {{"NET", "y"}, {"NF_TABLES", "m"}}, tree),
             Catch::StartsWith("something that it depends on is a module; see "));
}

TEST_CASE("conditions are evaluated and explained", "[kernel]") {
  const Values values{{"A", "y"}, {"SIZE", "3"}, {"S", "\"x\""}};
  const auto [text, holds] = GENERATE(table<std::string, bool>({
      {"A", true},
      {"B", false},
      {"!B && A", true},
      {"B || (A && SIZE < 4)", true},
      {"A=y", true},
      {"B=n", true},
      {"S=\"x\"", true},
      {"SIZE>=4", false},
      {"m", false},
      {"$(cc-option,-mfoo)", true},
      {"A != n", true},
      {"((A", true},
  }));
  CAPTURE(text);
  CHECK(is_true(parse_expression(text), values) == holds);
  CHECK(unmet_parts(parse_expression(text), values).empty() == holds);
}

TEST_CASE("unmet conditions name the symbols", "[kernel]") {
  const Values values{{"A", "y"}};
  CHECK(unmet_parts(parse_expression("A && B && (C || D)"), values) ==
        std::vector<std::string>{"B is not set", "C is not set, or D is not set"});
  CHECK(unmet_parts(parse_expression("!A"), values) ==
        std::vector<std::string>{"A is y, but must be off"});
}

TEST_CASE("the Kconfig files are read with blocks, help texts and includes", "[kernel]") {
  const KconfigTree tree = sample_tree();
  CHECK(tree.symbols.contains("X86"));
  CHECK_FALSE(tree.symbols.contains("NOT_A_SYMBOL"));
  const Definition& tables = tree.symbols.at("NF_TABLES").front();
  CHECK(tables.has_prompt);
  CHECK(tables.place == "net/Kconfig:7");
  CHECK(tables.depends ==
        std::vector<std::string>{"INET ||  IPV6", "NET", "NETFILTER && !EXPERT", "SIZE >= 4"});
  CHECK(tree.selections.at("HIDDEN").front().condition == "EXPERT");
}

TEST_CASE("a symbol that was dropped is told with the dependency that dropped it", "[kernel]") {
  const KconfigTree tree = sample_tree();
  const Values config{{"NET", "y"},    {"INET", "y"}, {"SIZE", "4"},
                      {"EXPERT", "y"}, {"USER", "y"}, {"HIDDEN", "y"}};
  Requests requests;
  merge_fragment(
      "CONFIG_NF_TABLES=y\nCONFIG_NF_TABLE=y\nCONFIG_SIZE=8\n# CONFIG_HIDDEN is not "
      "set\nCONFIG_NET=y\n",
      "net.conf", requests);
  const std::string message = error_of([&] { check_survived(requests, config, tree); });
  CHECK_THAT(message, Catch::Contains("4 of 5 symbols did not survive"));
  CHECK_THAT(
      message,
      Catch::Contains(
          "net.conf:1: CONFIG_NF_TABLES: wanted y, got n (not set): its dependencies are not met "
          "(net/Kconfig:7): NETFILTER is not set; EXPERT is y, but must be off"));
  CHECK_THAT(
      message,
      Catch::Contains(
          "net.conf:2: CONFIG_NF_TABLE: wanted y, got n (not set): this kernel has no such symbol: "
          "did you mean CONFIG_NF_TABLES?"));
  CHECK_THAT(message,
             Catch::Contains("net.conf:4: CONFIG_HIDDEN: wanted n, got y: it is selected by USER"));
}

TEST_CASE("a symbol without a prompt is told with who could select it", "[kernel]") {
  const KconfigTree tree = sample_tree();
  CHECK_THAT(explain_loss("HIDDEN", "y", {}, tree),
             Catch::Contains("it cannot be chosen (Kconfig:11): it comes with one of USER"));
  CHECK_THAT(explain_loss("TUNABLE", "n", {{"NET", "y"}}, tree),
             Catch::Contains("EXPERT is not set"));
}

TEST_CASE("a symbol switched off that this kernel does not have is an error too", "[kernel]") {
  Requests requests;
  merge_fragment("# CONFIG_NO_SUCH_THING is not set\n", "a.conf", requests);
  CHECK_THAT(error_of([&] { check_survived(requests, {}, sample_tree()); }),
             Catch::Contains("no such symbol"));
}

TEST_CASE("the kernel build's lines and times are understood", "[kernel]") {
  CHECK(made_object("  CC      init/main.o") == "init/main.o");
  CHECK(made_object("  AS [M]  lib/x.o") == "lib/x.o");
  CHECK(made_object("make[1]: Entering").empty());
  CHECK(build_timestamp_text(0) == "Thu Jan  1 00:00:00 UTC 1970");
}

TEST_CASE("an x86 build does without other architectures but keeps every Kconfig", "[kernel]") {
  CHECK(is_needed_for_x86("linux/arch/x86/boot/main.c"));
  CHECK(is_needed_for_x86("linux/arch/Kconfig"));
  CHECK(is_needed_for_x86("linux/arch/arm/Kconfig.debug"));
  CHECK_FALSE(is_needed_for_x86("linux/arch/arm/mm/init.c"));
  CHECK_FALSE(is_needed_for_x86("linux/Documentation/index.rst"));
  CHECK(is_needed_for_x86("linux/tools/objtool/check.c"));
}

TEST_CASE("a folder of the kernel is needed when something in it was chosen or is selected",
          "[kernel]") {
  KconfigTree tree;
  tree.symbols["DRM"] = {{"drivers/gpu/drm/Kconfig:3", true, {}, {}}};
  tree.symbols["MFD_CORE"] = {{"drivers/mfd/Kconfig:9", false, {}, {}}};
  tree.symbols["USB_LITTLE"] = {{"drivers/usb/Kconfig:5", false, {}, {}}};
  tree.symbols["SND"] = {{"sound/Kconfig:1", true, {}, {}}};
  tree.selections["MFD_CORE"] = {{"LPC", ""}};
  const std::vector<std::string> all = {"drivers/gpu/", "drivers/mfd/", "drivers/usb/", "sound/"};
  CHECK(needed_folders(all, {{"USB_LITTLE", "y"}, {"SND", "n"}, {"NET", "y"}}, tree).empty());
  CHECK(needed_folders(all, {{"DRM", "m"}, {"USB_LITTLE", "y"}}, tree) ==
        std::vector<std::string>{"drivers/gpu/"});
  CHECK(needed_folders(all, {{"MFD_CORE", "y"}}, tree).empty());
  CHECK(needed_folders(all, {{"MFD_CORE", "y"}, {"LPC", "y"}, {"SND", "y"}}, tree) ==
        std::vector<std::string>{"drivers/mfd/", "sound/"});
}
