// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/gnupg.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

namespace {

using namespace kata;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("a folder for secrets stays while others clean up what was abandoned", "[signing]") {
  constexpr int kThreads = 8;
  constexpr int kFolders = 60;
  std::atomic<int> lost = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&lost] {
        for (int k = 0; k < kFolders; ++k) {
          const signing::TemporaryFolder folder;
          // the other threads' constructors look through /tmp at this very moment
          std::this_thread::yield();
          lost += fs::exists(folder.path() + "/in-use") ? 0 : 1;
        }
      });
    }
  }
  CHECK(lost == 0);
}

TEST_CASE("an abandoned folder for secrets goes when the next one is made", "[signing]") {
  const TempDir abandoned("/tmp", "kata-gpg-0-");
  write_file(abandoned.path() + "/in-use", "");
  write_file(abandoned.path() + "/secret", "");
  const signing::TemporaryFolder folder;
  CHECK_FALSE(fs::exists(abandoned.path()));
  CHECK(fs::exists(folder.path()));
}

TEST_CASE("a folder that was never claimed goes when it is old", "[signing]") {
  const TempDir old("/tmp", "kata-gpg-0-");
  const TempDir young("/tmp", "kata-gpg-0-");
  fs::last_write_time(old.path(), fs::file_time_type::clock::now() - std::chrono::hours(2));
  const signing::TemporaryFolder folder;
  CHECK_FALSE(fs::exists(old.path()));
  CHECK(fs::exists(young.path()));
}
