// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/random.h"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::agent {

void reseed_random(std::string_view bytes) {
  constexpr std::size_t kMost = 4096;
  if (bytes.empty() || bytes.size() > kMost) {
    throw_error(Code::invalid_argument, "{} bytes of entropy: 1 to {} are of use", bytes.size(),
                kMost);
  }
  const UniqueFd fd = open_file("/dev/random", O_WRONLY);
  // struct rand_pool_info ends in the bytes themselves, as an array of int.
  std::vector<int> pool(2 + (bytes.size() + sizeof(int) - 1) / sizeof(int));
  pool[0] = static_cast<int>(bytes.size() * 8);
  pool[1] = static_cast<int>(bytes.size());
  std::memcpy(&pool[2], bytes.data(), bytes.size());
  if (::ioctl(fd.get(), RNDADDENTROPY, pool.data()) != 0) throw_errno(errno, "add entropy");
  if (::ioctl(fd.get(), RNDRESEEDCRNG) != 0 && errno != ENODATA)
    throw_errno(errno, "reseed the generator");
}

}  // namespace kata::agent
