// SPDX-License-Identifier: Apache-2.0
//
// Messages to JSON: the `linux` object, and the small functions that leave out what is empty, as
// the specification's own Go types do. Private to this folder.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>

#include <map>
#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/base/json.h"

namespace kata::oci {

inline void put(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}
inline void put(Json& out, const char* key, bool value) {
  if (value) out[key] = true;
}
inline void put(Json& out, const char* key,
                const google::protobuf::RepeatedPtrField<std::string>& values) {
  if (!values.empty()) out[key] = std::vector<std::string>(values.begin(), values.end());
}
/// Sorted by key: a protobuf map has no order of its own.
inline void put(Json& out, const char* key,
                const google::protobuf::Map<std::string, std::string>& values) {
  if (!values.empty()) out[key] = std::map<std::string, std::string>(values.begin(), values.end());
}
template <typename Message, typename ToJson>
void put_all(Json& out, const char* key, const google::protobuf::RepeatedPtrField<Message>& values,
             ToJson to_json) {
  if (values.empty()) return;
  Json array = Json::array();
  for (const Message& value : values) array.push_back(to_json(value));
  out[key] = std::move(array);
}

[[nodiscard]] Json linux_to_json(const grpc::Linux& linux_part);
[[nodiscard]] Json resources_to_json(const grpc::LinuxResources& resources);

}  // namespace kata::oci
