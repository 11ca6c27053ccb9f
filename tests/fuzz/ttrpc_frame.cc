// SPDX-License-Identifier: Apache-2.0
//
// The bytes of an agent connection, in two pieces: frames come out as they would in one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/wire/ttrpc/frame.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    wire::FrameParser parser;
    for (const std::string_view piece : {text.substr(0, size / 2), text.substr(size / 2)}) {
      parser.feed(piece);
      while (const auto frame = parser.next()) {
        if (wire::encode_frame(frame->stream_id, frame->type, frame->payload).size() !=
            wire::kFrameHeaderSize + frame->payload.size()) {
          __builtin_trap();
        }
      }
    }
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
