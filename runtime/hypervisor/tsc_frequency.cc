// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/tsc_frequency.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <limits>
#include <thread>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::hypervisor {
namespace {

#if defined(__x86_64__)

struct Sample {
  std::uint64_t ticks = 0;
  std::int64_t nanoseconds = 0;
};

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Both clocks at one moment: of several tries the one that was interrupted least.
Sample sample() {
  Sample best;
  std::int64_t narrowest = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 10; ++i) {
    const std::int64_t before = now();
    const std::uint64_t ticks = __rdtsc();
    const std::int64_t after = now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    best = {ticks, before + (after - before) / 2};
  }
  return best;
}

#endif

}  // namespace

std::uint32_t measure_tsc_khz() {
#if defined(__x86_64__)
  const Sample begin = sample();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Sample end = sample();
  const auto elapsed = static_cast<std::uint64_t>(end.nanoseconds - begin.nanoseconds);
  return static_cast<std::uint32_t>((end.ticks - begin.ticks) * 1'000'000 / elapsed);
#else
  return 0;
#endif
}

std::uint32_t host_tsc_khz(const std::string& cache_dir) {
  const std::string path = cache_dir.empty() ? std::string() : cache_dir + "/probe-tsc-khz";
  struct stat info {};
  const bool is_ours = !path.empty() && ::lstat(path.c_str(), &info) == 0 &&
                       S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
                       (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  std::uint32_t khz = 0;
  if (is_ours) {
    const std::string text = read_file_if_exists(path).value_or("");
    std::from_chars(text.data(), text.data() + text.size(), khz);
  }
  // A damaged file is measured anew: no processor counts slower than 100 MHz.
  if (khz >= 100'000) return khz;
  khz = measure_tsc_khz();
  if (!path.empty()) {
    ignore_error(
        [&] {
          make_directories(cache_dir, 0711);
          write_file_atomic(path, std::to_string(khz), 0644);
        },
        "the cache only saves time");
  }
  return khz;
}

}  // namespace kata::hypervisor
