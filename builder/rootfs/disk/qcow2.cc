// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/qcow2.h"

#include "builder/rootfs/disk/tool.h"
#include "runtime/base/command.h"

namespace kata::rootfs {

std::string convert_to_qcow2(const std::string& from, const std::string& to,
                             pipeline::Context& context) {
  Command command;
  // One coroutine and clusters in their order: with more, their order is that of the moment
  command.argv = {require_tool("qemu-img", "qemu-utils or qemu-img", "make a qcow2 image"),
                  "convert",
                  "-q",
                  "-m",
                  "1",
                  "-f",
                  "raw",
                  "-O",
                  "qcow2",
                  "-o",
                  "compat=1.1",
                  from,
                  to};
  (void)run_checked(context.runner, command);
  return to;
}

}  // namespace kata::rootfs
