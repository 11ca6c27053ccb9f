# SPDX-License-Identifier: Apache-2.0
# kata_test(NAME base_test SOURCES error_test.cc DEPS kata_base LABEL unit): one Catch2 binary, one ctest entry per case.
include_guard(GLOBAL)
find_package(Catch2 2 REQUIRED)
include(Catch)

add_library(kata_test_main STATIC "${CMAKE_SOURCE_DIR}/tests/support/main.cc")
target_link_libraries(kata_test_main PUBLIC kata_options Catch2::Catch2)

function(kata_test)
  cmake_parse_arguments(ARG "" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS;PROPERTIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  # GCC 12 warns of an empty std::optional in optimized code.
  target_compile_options(${ARG_NAME} PRIVATE ${KATA_WARNINGS} $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(${ARG_NAME} PRIVATE ${KATA_TEST_OPTIMIZATION})
  target_link_libraries(${ARG_NAME} PRIVATE kata_options kata_test_main ${ARG_DEPS})
  kata_precompile(${ARG_NAME} test)
  kata_sanitize(${ARG_NAME})
  catch_discover_tests(${ARG_NAME}
    TEST_PREFIX "${ARG_LABEL}/"
    PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77 ${ARG_PROPERTIES})
endfunction()
