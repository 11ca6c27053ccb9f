// SPDX-License-Identifier: Apache-2.0
//
// apply_toml(): the one file that knows toml++.
#include <fmt/core.h>

// Malformed text breaks what the library's parser asserts, and with NDEBUG tells the optimizer to
// rely on.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>
#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/config/guest_root.h"
#include "runtime/config/keys.h"
#include "runtime/config/load.h"

namespace kata::config {
namespace {

class Applier {
 public:
  Applier(Config& config, const std::string& name) : config_(config), name_(name) {}

  void apply(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string section(key.str());
      const toml::table& table = table_of(section, key, node);
      if (is_section(section)) {
        apply_section(section, table);
        continue;
      }
      // [hypervisor.qemu] and [agent.kata] are tables of tables.
      for (const auto& [inner_key, inner] : table) {
        const std::string full = section + "." + std::string(inner_key.str());
        if (!is_section(full)) fail(inner_key.source(), unknown_section(full));
        apply_section(full, table_of(full, inner_key, inner));
      }
    }
    in_context([&] { settle_root(config_.hypervisor, hypervisor_keys_, Layer::file); }, "{}",
               name_);
  }

 private:
  [[noreturn]] void fail(const toml::source_region& at, const std::string& what) const {
    throw_error(Code::invalid_argument, "{}:{}:{}: {}", name_, at.begin.line, at.begin.column,
                what);
  }

  static std::string unknown_section(const std::string& section) {
    return fmt::format(
        "unknown section [{}]; there are [hypervisor.qemu], [agent.kata], [runtime] and "
        "[factory]",
        section);
  }

  const toml::table& table_of(const std::string& section, const toml::key& key,
                              const toml::node& node) const {
    const bool is_known = is_section(section) || section == "hypervisor" || section == "agent";
    if (!is_known || !node.is_table()) fail(key.source(), unknown_section(section));
    return *node.as_table();
  }

  void apply_section(const std::string& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const Key* known = find_key(section, key.str());
      if (known == nullptr) {
        fail(key.source(), fmt::format("unknown key \"{}\" in [{}]; did you mean \"{}\"?",
                                       key.str(), section, nearest_key(section, key.str())));
      }
      const bool changes =
          std::visit([&](auto field) { return set(*known, field, node); }, known->field(config_));
      if (known->is_promise && changes) {
        fail(node.source(),
             fmt::format("{} is not supported, and nothing would protect the machine "
                         "in its place; take the key out",
                         known->name));
      }
      if (!known->has_effect && changes)
        tell_without_effect(section + "." + std::string(key.str()));
      if (section == "hypervisor.qemu") hypervisor_keys_.emplace(key.str());
    }
  }

  void tell_without_effect(const std::string& key) {
    log::info("configuration key without effect key={} file={}", key, name_);
    auto& list = config_.without_effect;
    if (std::find(list.begin(), list.end(), key) == list.end()) list.push_back(key);
  }

  /// Assigns; whether the value is another than before, or for one that nothing keeps, whether it
  /// asks for something.
  template <typename T>
  bool set(const Key& key, T* field, const toml::node& node) const {
    const T before = *field;
    assign(key, field, node);
    return *field != before;
  }

  bool set(const Key&, std::monostate, const toml::node& node) const {
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* number = node.as_integer()) return number->get() != 0;
    if (const auto* text = node.as_string()) return !text->get().empty();
    if (const auto* list = node.as_array()) return !list->empty();
    return true;
  }

  [[noreturn]] void wrong_type(const Key& key, const toml::node& node, const char* wanted) const {
    fail(node.source(), fmt::format("{} must be {}", key.name, wanted));
  }

  void assign(const Key& key, std::string* field, const toml::node& node) const {
    const auto* text = node.as_string();
    if (text == nullptr) wrong_type(key, node, "a string");
    if (key.is_path && !text->get().empty() && text->get().front() != '/') {
      fail(node.source(),
           fmt::format("{} must be an absolute path, not \"{}\"", key.name, text->get()));
    }
    *field = text->get();
  }

  void assign(const Key& key, bool* field, const toml::node& node) const {
    const auto* value = node.as_boolean();
    if (value == nullptr) wrong_type(key, node, "true or false");
    *field = value->get();
  }

  void assign(const Key& key, std::uint32_t* field, const toml::node& node) const {
    const auto* number = node.as_integer();
    const bool fits = number != nullptr && number->get() >= 0 &&
                      number->get() <= std::numeric_limits<std::uint32_t>::max();
    if (!fits) wrong_type(key, node, "a whole number of 0 or more");
    *field = static_cast<std::uint32_t>(number->get());
  }

  void assign(const Key& key, std::vector<std::string>* field, const toml::node& node) const {
    const toml::array* list = node.as_array();
    if (list == nullptr) wrong_type(key, node, "a list of strings");
    std::vector<std::string> values;
    for (const toml::node& element : *list) {
      const auto* text = element.as_string();
      if (text == nullptr) wrong_type(key, element, "a list of strings");
      values.push_back(text->get());
    }
    *field = std::move(values);
  }

  Config& config_;
  const std::string& name_;
  std::set<std::string, std::less<>> hypervisor_keys_;
};

}  // namespace

void apply_toml(Config& config, std::string_view text, const std::string& name) {
  toml::table root;
  try {
    root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    const toml::source_position& at = error.source().begin;
    throw_error(Code::invalid_argument, "{}:{}:{}: {}", name, at.line, at.column,
                error.description());
  }
  Applier(config, name).apply(root);
}

}  // namespace kata::config
