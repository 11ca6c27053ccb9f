// SPDX-License-Identifier: Apache-2.0
//
// POSIX access lists that an archive has as text (`tar --acls`), as the attributes that the kernel
// shows of a file.
#pragma once

#include <map>
#include <string>

struct archive_entry;

namespace kata::archive {

/// Adds system.posix_acl_access and system.posix_acl_default, in the form of
/// linux/posix_acl_xattr.h, unless they are there. Throws Error(invalid_argument) for a list that
/// names a user or group without its number; `where` is the archive and the entry, for messages.
/// The mode that the file has with its list, of `mode`: the mask stands where the group's rights
/// do; see acl(5), where libarchive puts the group's own.
[[nodiscard]] unsigned add_access_lists(archive_entry* entry, const std::string& where,
                                        unsigned mode, std::map<std::string, std::string>& xattrs);

}  // namespace kata::archive
