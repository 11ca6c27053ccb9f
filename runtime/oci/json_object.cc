// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/json_object.h"

namespace kata::oci {

ObjectReader::ObjectReader(const Json& value, std::string path, ReadContext& context)
    : value_(&value), path_(std::move(path)), context_(&context) {
  if (!value.is_object()) wrong_type(path_, "an object", value);
}

std::string ObjectReader::path_of(const char* key) const {
  return path_.empty() ? std::string(key) : path_ + "." + key;
}

void ObjectReader::wrong_type(const std::string& path, const char* expected,
                              const Json& found) const {
  throw_error(Code::invalid_argument, "{}: {}{}expected {}, found {}", context_->name, path,
              path.empty() ? "" : ": ", expected, found.type_name());
}

const Json* ObjectReader::find(const char* key) {
  known_.insert(key);
  const auto it = value_->find(key);
  if (it == value_->end() || it->is_null()) return nullptr;
  return &*it;
}

const Json* ObjectReader::find_array(const char* key) {
  const Json* value = find(key);
  if (value != nullptr && !value->is_array()) wrong_type(path_of(key), "an array", *value);
  return value;
}

void ObjectReader::string(const char* key, std::string* out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) wrong_type(path_of(key), "a string", *value);
  *out = value->get_ref<const std::string&>();
}

void ObjectReader::strings(const char* key, google::protobuf::RepeatedPtrField<std::string>* out) {
  const Json* values = find_array(key);
  if (values == nullptr) return;
  for (const Json& value : *values) {
    if (!value.is_string()) {
      wrong_type(fmt::format("{}[{}]", path_of(key), out->size()), "a string", value);
    }
    *out->Add() = value.get_ref<const std::string&>();
  }
}

void ObjectReader::string_map(const char* key,
                              google::protobuf::Map<std::string, std::string>* out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_object()) wrong_type(path_of(key), "an object", *value);
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) wrong_type(path_of(key) + "." + name, "a string", text);
    (*out)[name] = text.get_ref<const std::string&>();
  }
}

void ObjectReader::refuse(const char* key, std::string_view why) {
  const Json* value = find(key);
  if (value == nullptr || (value->is_structured() && value->empty())) return;
  if (value->is_string() && value->get_ref<const std::string&>().empty()) return;
  throw_error(Code::unimplemented, "{}: {}: {}", context_->name, path_of(key), why);
}

void ObjectReader::refuse_others(std::string_view why) {
  for (const auto& item : value_->items()) {
    if (known_.contains(item.key())) continue;
    throw_error(Code::invalid_argument, "{}: {}: {}", context_->name, path_of(item.key().c_str()),
                why);
  }
}

bool ObjectReader::boolean(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) wrong_type(path_of(key), "true or false", *value);
  return value->get<bool>();
}

std::int64_t ObjectReader::signed_value(const Json& value, const char* key, std::int64_t lowest,
                                        std::int64_t highest) const {
  if (!value.is_number_integer()) wrong_type(path_of(key), "an integer", value);
  const bool beyond_int64 =
      value.is_number_unsigned() &&
      value.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (beyond_int64 || value.get<std::int64_t>() < lowest || value.get<std::int64_t>() > highest) {
    throw_error(Code::invalid_argument, "{}: {}: {} is not between {} and {}", context_->name,
                path_of(key), value.dump(), lowest, highest);
  }
  return value.get<std::int64_t>();
}

std::uint64_t ObjectReader::unsigned_value(const Json& value, const char* key,
                                           std::uint64_t highest) const {
  if (!value.is_number_integer()) wrong_type(path_of(key), "an integer", value);
  const bool negative = !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (negative || value.get<std::uint64_t>() > highest) {
    throw_error(Code::invalid_argument, "{}: {}: {} is not between 0 and {}", context_->name,
                path_of(key), value.dump(), highest);
  }
  return value.get<std::uint64_t>();
}

void ObjectReader::collect_unknown() {
  for (const auto& item : value_->items()) {
    if (!known_.contains(item.key())) context_->unknown.push_back(path_of(item.key().c_str()));
  }
}

}  // namespace kata::oci
