// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/recipe_sections.h"

namespace kata::recipe {

Json to_json(const SigningRecipe& signing) {
  Json json = Json::object();
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  add("key", signing.key);
  add("gnupg_home", signing.gnupg_home);
  add("key_file", signing.key_file);
  add("agent_socket", signing.agent_socket);
  add("public_key", signing.public_key);
  add("passphrase_file", signing.passphrase_file);
  add("passphrase_variable", signing.passphrase_variable);
  json["trial"] = signing.trial;
  return json;
}

SigningRecipe signing_from_json(const Json& json) {
  return {.key = json.value("key", ""),
          .gnupg_home = json.value("gnupg_home", ""),
          .key_file = json.value("key_file", ""),
          .agent_socket = json.value("agent_socket", ""),
          .public_key = json.value("public_key", ""),
          .passphrase_file = json.value("passphrase_file", ""),
          .passphrase_variable = json.value("passphrase_variable", ""),
          .trial = json.at("trial").get<bool>()};
}

SigningRecipe read_signing(const Document& document, const YAML::Node& node) {
  SigningRecipe signing;
  const auto path = [&](std::string& into, const char* what) {
    return [&into, &document, what](const YAML::Node& n) { into = path_of(document, n, what); };
  };
  read_map(
      document, node, "signing",
      {{"key", [&](const YAML::Node& n) { signing.key = one_line(document, n, "key"); }},
       {"gnupg_home", path(signing.gnupg_home, "gnupg_home")},
       {"key_file", path(signing.key_file, "key_file")},
       {"agent_socket", path(signing.agent_socket, "agent_socket")},
       {"public_key", path(signing.public_key, "public_key")},
       {"passphrase_file", path(signing.passphrase_file, "passphrase_file")},
       {"passphrase_variable",
        [&](const YAML::Node& n) {
          signing.passphrase_variable = non_empty_text(document, n, "passphrase_variable");
        }},
       {"trial", [&](const YAML::Node& n) { signing.trial = bool_of(document, n, "trial"); }}});
  if (signing.key.starts_with('-'))
    fail(document, node.Mark(), "key must be a fingerprint, key id or address, not \"{}\"",
         signing.key);
  const int sources = (signing.gnupg_home.empty() ? 0 : 1) + (signing.key_file.empty() ? 0 : 1) +
                      (signing.agent_socket.empty() ? 0 : 1);
  if (sources > 1 || (sources == 0 && !signing.trial))
    fail(document, node.Mark(),
         "signing needs one of \"gnupg_home\", \"key_file\" and \"agent_socket\", or \"trial: "
         "true\"");
  if (signing.trial && sources == 1 && signing.key_file.empty())
    fail(document, node.Mark(), "a trial key is kept in a \"key_file\", nowhere else");
  if (signing.agent_socket.empty() != signing.public_key.empty())
    fail(document, node.Mark(),
         "\"agent_socket\" and \"public_key\" go together: the agent has the secret half only");
  if (!signing.passphrase_file.empty() && !signing.passphrase_variable.empty())
    fail(document, node.Mark(),
         "signing takes one of \"passphrase_file\" and \"passphrase_variable\"");
  return signing;
}

}  // namespace kata::recipe
