// SPDX-License-Identifier: Apache-2.0
//
// The recipes that ship.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "builder/recipe/recipe_yaml.h"

using namespace kata;

TEST_CASE("every recipe that ships can be read", "[recipes]") {
  const std::string folder = KATA_SOURCE "/rootfs";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    INFO(entry.path().string());
    CHECK_FALSE(recipe::read_image_recipe(entry.path().string()).name.empty());
  }
  CHECK(count >= 4);
}
