// SPDX-License-Identifier: Apache-2.0
//
// A small virtual machine of libguestfs that has a disk image: what only a kernel can say about a
// file system is asked of that kernel, and the builder needs no privilege for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kata::guestfs {

struct ApplianceOptions {
  /// A folder with kernel, initrd and root; empty: libguestfs makes one of the distribution's
  /// kernel.
  std::string folder;
  std::string kernel_parameters;  ///< in addition to libguestfs' own
  std::string temp;               ///< for files of the run
  std::string cache;              ///< where the distribution's appliance is kept
  bool use_kvm = false;
  unsigned memory_mib = 512;
};

/// A running appliance. The destructor ends it, whatever it is doing.
class Appliance {
 public:
  /// Boots it with the raw image `disk`, which it only reads. Throws Error with the end of its
  /// console when it does not come up, and Error(cancelled) when katabuild is interrupted.
  Appliance(const std::string& disk, const ApplianceOptions& options);
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;
  ~Appliance();

  /// "ext4", ... of a partition, or of the disk ("/dev/sda").
  [[nodiscard]] std::string file_system_of(const std::string& device);
  /// Mounts it as the appliance's /sysroot.
  void mount(const std::string& device);
  /// Every path below what is mounted, without a leading slash, in no order.
  [[nodiscard]] std::vector<std::string> find(const std::string& temp);
  /// Unmounts all, and ends the appliance. Throws Error.
  void close();

  struct State;

 private:
  template <typename Result>
  Result checked(Result result, std::string_view what);
  [[noreturn]] void fail(std::string_view what);

  std::unique_ptr<State> state_;
};

/// Where libguestfs looks for what its appliances are made of.
[[nodiscard]] std::vector<std::string> appliance_sources();

}  // namespace kata::guestfs
