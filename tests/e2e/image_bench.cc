// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/image_bench.h"

#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "tests/support/require.h"

namespace kata::test {

ImageBench::ImageBench() {
  require(docker.is_vm(), "kata-runtime", "runc has no guest");
  oci.write_bundle({"sh", "-c", "read -r line </proc/cmdline; echo \"$line\""});
  configure("");
}

void ImageBench::configure(const std::string& drop_in) {
  const std::string file = oci.folder() + "/configuration.toml";
  if (!path_exists(file)) write_file(file, read_file(oci.configuration()));
  make_directories(oci.folder() + "/config.d");
  write_file(oci.folder() + "/config.d/image.toml",
             "[hypervisor.qemu]\nenable_annotations = [\".*\"]\n" + drop_in);
  oci.use_configuration(file);
}

void ImageBench::annotate(const std::vector<std::pair<std::string, std::string>>& values) const {
  Json config = read_json_file(oci.bundle() + "/config.json");
  config["annotations"] = Json::object();
  for (const auto& [key, value] : values)
    config["annotations"]["io.katacontainers.config.hypervisor." + key] = value;
  write_file(oci.bundle() + "/config.json", config.dump(2));
}

CommandResult ImageBench::run(const std::string& id) {
  return oci({"run", "--bundle", oci.bundle(), id});
}

std::string ImageBench::output_of(const std::string& id) {
  const CommandResult result = run(id);
  INFO(result.error_output);
  CHECK(result.status == 0);
  return result.output;
}

}  // namespace kata::test
