// SPDX-License-Identifier: Apache-2.0
//
// The `linux` object of config.json and its `resources`. Private to the parsers of this folder.
#pragma once

#include "oci.pb.h"
#include "runtime/oci/json_object.h"

namespace kata::oci {

void read_linux(ObjectReader& in, grpc::Linux& out);
void read_resources(ObjectReader& in, grpc::LinuxResources& out);

}  // namespace kata::oci
