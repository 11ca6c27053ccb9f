// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "runtime/base/scope_exit.h"

using namespace kata;

TEST_CASE("an error reads from the outermost context inwards", "[error]") {
  try {
    in_context([] { throw_errno(EACCES, "mount {} on {}", "proc", "/proc"); },
               "create container {}", "c1");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "create container c1: mount proc on /proc: Permission denied");
    CHECK(error.code() == Code::permission_denied);
    CHECK(error.err() == EACCES);
  }
}

TEST_CASE("in_context passes the value through", "[error]") {
  CHECK(in_context([] { return 42; }, "unused {}", 1) == 42);
}

TEST_CASE("undo steps run last in, first out, and one failing does not stop the others",
          "[error]") {
  std::string order;
  {
    UndoStack undo;
    undo.push([&] { order += 'a'; });
    undo.push([&] { throw_error(Code::internal, "broken"); });
    undo.push([&] { order += 'b'; });
  }
  CHECK(order == "ba");
  {
    UndoStack undo;
    undo.push([&] { order += 'c'; });
    undo.dismiss();
  }
  CHECK(order == "ba");
}
