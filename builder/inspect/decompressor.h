// SPDX-License-Identifier: Apache-2.0
//
// The compressions that a kernel knows in an initrd, read as it reads them: each ends where its own
// format says so, and something else may follow. libarchive would swallow what follows.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "builder/inspect/file_source.h"

namespace kata::inspect {

using Sink = std::function<void(std::string_view)>;

/// "gzip", "xz", "zstd", "lz4", "bzip2", "lzma", "lzo" by the first bytes; empty for anything else.
[[nodiscard]] std::string compression_of(std::string_view start);
/// Takes one compressed part from `source` and hands its bytes over. Throws Error(data_loss) for
/// damaged or truncated data. bzip2, lzma and lzo take all that is left of the file.
void decompress(const std::string& compression, FileSource& source, const Sink& sink);

}  // namespace kata::inspect
