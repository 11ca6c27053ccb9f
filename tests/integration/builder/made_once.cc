// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/made_once.h"

#include <filesystem>

#include "builder/pipeline/file_lock.h"
#include "runtime/base/io.h"

namespace kata::test {

namespace fs = std::filesystem;

std::string made_once(const std::string& top, const std::string& edition,
                      const std::function<void(const std::string&)>& make) {
  make_directories(top);
  const pipeline::FileLock lock(top + "/lock", nullptr);
  std::string finished = top + "/" + edition;
  if (path_exists(finished)) return finished;
  for (const auto& entry : fs::directory_iterator(top)) {
    if (entry.is_directory()) fs::remove_all(entry.path());
  }
  const std::string work = top + "/unfinished";
  make_directories(work);
  make(work);
  fs::rename(work, finished);
  return finished;
}

}  // namespace kata::test
