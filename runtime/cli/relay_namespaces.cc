// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/relay_namespaces.h"

#include <fcntl.h>

#include <array>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/namespace_type.h"
#include "runtime/base/sys_process.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

/// What an engine may enter, in the order in which the relay joins them.
constexpr std::array<std::string_view, 4> kTypes = {"network", "pid", "ipc", "uts"};

}  // namespace

std::vector<RelayNamespace> relay_namespaces(const grpc::Spec& spec) {
  std::vector<RelayNamespace> namespaces;
  for (const std::string_view type : kTypes) {
    const grpc::LinuxNamespace* wanted = oci::find_namespace(spec, type);
    namespaces.push_back(
        {namespace_type(type)->flag, wanted == nullptr ? std::string() : wanted->path()});
  }
  return namespaces;
}

PidNamespaceOfChildren::PidNamespaceOfChildren(const std::string& path)
    : own_(open_file("/proc/self/ns/pid", O_RDONLY)) {
  sys::setns(open_file(path, O_RDONLY).get(), CLONE_NEWPID);
}

PidNamespaceOfChildren::~PidNamespaceOfChildren() {
  ignore_error([&] { sys::setns(own_.get(), CLONE_NEWPID); },
               "this program ends soon and starts at most a hook");
}

}  // namespace kata::cli
