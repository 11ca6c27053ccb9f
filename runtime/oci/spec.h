// SPDX-License-Identifier: Apache-2.0
//
// config.json of the OCI runtime specification, to and from the message `grpc::Spec` of
// wire/proto/oci.proto, which is the one model of it in this tree: the host parses it here, the
// agent receives it as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci.pb.h"

namespace kata::oci {

/// The version of the runtime specification that `spec`, `features` and `state` speak of.
inline constexpr std::string_view kSpecVersion = "1.1.0";

/// Parses config.json; `name` stands in errors. Throws Error(invalid_argument): NAME:LINE:COLUMN
/// for what is not JSON, "NAME: linux.resources.memory.limit: ..." for a wrong type or a number out
/// of range. null counts as absent; unknown fields are ignored, and named in one debug line of the
/// log.
[[nodiscard]] grpc::Spec parse_config(std::string_view json_text, std::string_view name);
/// The same for the `process` object alone (`exec --process`).
[[nodiscard]] grpc::Process parse_process(std::string_view json_text, std::string_view name);
/// The same for the `linux.resources` object alone (`update --resources`).
[[nodiscard]] grpc::LinuxResources parse_resources(std::string_view json_text,
                                                   std::string_view name);

/// Fields of config.json that have no meaning here, by their paths ("linux.resources.nosuch").
/// Throws Error as parse_config().
[[nodiscard]] std::vector<std::string> unknown_fields(std::string_view json_text,
                                                      std::string_view name);

/// The message as JSON in the specification's words: what the parse functions read back to the same
/// message.
[[nodiscard]] std::string spec_json(const grpc::Spec& spec, int indent = -1);
[[nodiscard]] std::string process_json(const grpc::Process& process, int indent = -1);
[[nodiscard]] std::string resources_json(const grpc::LinuxResources& resources, int indent = -1);

/// What `kata-runtime spec` writes: a complete config.json that runs a shell in ./rootfs.
[[nodiscard]] std::string default_spec_json();

/// Throws Error(invalid_argument) that names the field for what no runtime could carry out:
/// ociVersion not 1.x, no process.args, a relative cwd, no root.path, mounts without an absolute
/// destination, a namespace given twice, ...
void validate_spec(const grpc::Spec& spec);
/// The namespaces that config.json names by path are there and of the type that it says. Containers
/// that share a machine may name each other's; for any other container, a path besides the
/// network's is an Error(unimplemented): it would be forgotten.
void check_namespace_paths(const grpc::Spec& spec, bool shares_machine);
/// The part of validate_spec() that concerns a process: for `exec`.
void validate_process(const grpc::Process& process);

/// The namespace of this type ("network", "pid", ...) in the spec, or nullptr: the container shares
/// the runtime's.
[[nodiscard]] const grpc::LinuxNamespace* find_namespace(const grpc::Spec& spec,
                                                         std::string_view type);

}  // namespace kata::oci
