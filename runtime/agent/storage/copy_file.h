// SPDX-License-Identifier: Apache-2.0
//
// Files that the host pushes into the guest piece by piece, where nothing is shared: resolv.conf,
// hosts, secrets.
#pragma once

#include <string>

namespace grpc {
class CopyFileRequest;
}  // namespace grpc

namespace kata::agent {

/// One piece. Folders on the way are made; no symbolic link is followed on it. A file appears under
/// its name, with owner and mode, when its last byte is there; a folder or a symbolic link (by the
/// type in file_mode) at once. Throws Error (invalid_argument for a path that is not below `root`
/// or a piece outside the file).
void copy_file(const grpc::CopyFileRequest& request, const std::string& root = "/run");

}  // namespace kata::agent
