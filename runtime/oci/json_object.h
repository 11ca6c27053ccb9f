// SPDX-License-Identifier: Apache-2.0
//
// Reading JSON objects field by field, so that a wrong type is reported with its path
// ("linux.resources.memory.limit") and fields that nobody asked for are remembered. Private to the
// parsers of this folder.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace kata::oci {

/// What one document's readers share.
struct ReadContext {
  std::string name;                  ///< of the document, for errors
  std::vector<std::string> unknown;  ///< paths of fields that no reader asked for
};

class ObjectReader {
 public:
  /// Throws Error(invalid_argument) when `value` is not an object.
  ObjectReader(const Json& value, std::string path, ReadContext& context);

  void string(const char* key, std::string* out);
  void strings(const char* key, google::protobuf::RepeatedPtrField<std::string>* out);
  void string_map(const char* key, google::protobuf::Map<std::string, std::string>* out);
  [[nodiscard]] bool boolean(const char* key);

  /// Calls `set` with the number when there is one. Throws Error when it is not an integer that
  /// fits Int.
  template <typename Int, typename Set>
  void integer(const char* key, Set set) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if constexpr (std::is_signed_v<Int>) {
      set(static_cast<Int>(signed_value(*value, key, std::numeric_limits<Int>::min(),
                                        std::numeric_limits<Int>::max())));
    } else {
      set(static_cast<Int>(unsigned_value(*value, key, std::numeric_limits<Int>::max())));
    }
  }
  template <typename Int, typename Set>
  void integers(const char* key, Set add) {
    const Json* values = find_array(key);
    if (values == nullptr) return;
    for (const Json& value : *values) {
      add(static_cast<Int>(unsigned_value(value, key, std::numeric_limits<Int>::max())));
    }
  }
  /// Calls `read(ObjectReader&)` when the object is there.
  template <typename Read>
  void object(const char* key, Read read) {
    const Json* value = find(key);
    if (value != nullptr) read_object(*value, path_of(key), *context_, read);
  }
  /// Calls `read(ObjectReader&)` for each object of an array.
  template <typename Read>
  void objects(const char* key, Read read) {
    const Json* values = find_array(key);
    if (values == nullptr) return;
    std::size_t index = 0;
    for (const Json& value : *values) {
      read_object(value, fmt::format("{}[{}]", path_of(key), index++), *context_, read);
    }
  }
  /// A field of the specification that cannot be honoured. Throws Error(unimplemented) with `why`
  /// when it is there and says anything: a container must not start without what was asked for.
  void refuse(const char* key, std::string_view why);
  /// Throws Error(invalid_argument) with `why` for a field that nobody has asked for by now.
  void refuse_others(std::string_view why);
  /// A field that is known and of no use here.
  void skip(const char* key) { find(key); }

  template <typename Read>
  static void read_object(const Json& value, std::string path, ReadContext& context, Read read) {
    ObjectReader reader(value, std::move(path), context);
    read(reader);
    reader.collect_unknown();
  }

 private:
  const Json* find(const char* key);  ///< nullptr when absent or null
  const Json* find_array(const char* key);
  [[nodiscard]] std::string path_of(const char* key) const;
  [[noreturn]] void wrong_type(const std::string& path, const char* expected,
                               const Json& found) const;
  [[nodiscard]] std::int64_t signed_value(const Json& value, const char* key, std::int64_t lowest,
                                          std::int64_t highest) const;
  [[nodiscard]] std::uint64_t unsigned_value(const Json& value, const char* key,
                                             std::uint64_t highest) const;
  void collect_unknown();

  const Json* value_;
  std::string path_;
  ReadContext* context_;
  std::set<std::string_view> known_;
};

}  // namespace kata::oci
