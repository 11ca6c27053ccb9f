# SPDX-License-Identifier: Apache-2.0
# The three ways a target is declared in this tree. Everything a compiler or linker is told hangs on `kata_options`, so a
# folder's CMakeLists.txt is a list of its files and of the folders it may include.
include_guard(GLOBAL)

find_package(Threads REQUIRED)
find_program(KATA_CCACHE ccache)
if(KATA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/ci/cmake/ccache-launcher" "${CMAKE_SOURCE_DIR}" "${KATA_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${KATA_CCACHE}")
endif()

add_library(kata_options INTERFACE)
target_compile_features(kata_options INTERFACE cxx_std_20)
target_include_directories(kata_options INTERFACE "${CMAKE_SOURCE_DIR}")
# Asio without Boost; the same definitions everywhere, so that precompiled headers fit every target.
target_compile_definitions(kata_options INTERFACE
  _GNU_SOURCE KATA_VERSION="${PROJECT_VERSION}" ASIO_STANDALONE ASIO_NO_DEPRECATED
  # Asio 1.22 looks for the coroutines that clang had before C++20.
  $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT> $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE>)
# Paths of the builder's machine must not end up in assertion texts or debug information.
target_compile_options(kata_options INTERFACE
  -ffunction-sections -fdata-sections "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
# With -Os GCC copies and clears by `rep movsb` and `rep stosb`, which an emulator does a byte a step, 8 ns each: the agent
# spent 47 ms on each MiB of a container's output in them. The C library knows better ways.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(kata_options INTERFACE -mstringop-strategy=libcall)
endif()
if(KATA_FUZZ)
  target_compile_options(kata_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(kata_options INTERFACE -Wl,--gc-sections -Wl,--as-needed)
set(KATA_WARNINGS -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
    -Wformat=2
    # GCC 12 takes the frame allocator of Asio coroutines for a mismatch.
    -Wno-mismatched-new-delete)

# Half of the compiler's time went into the same few headers. Each set is compiled once and shared; every file still
# includes what it uses, which the presets with KATA_PCH off (tidy, fuzz) check.
option(KATA_PCH "Share precompiled headers between targets" ON)
set(KATA_PCH_base <chrono> <functional> <map> <memory> <optional> <string> <string_view> <vector> <fmt/core.h>
    <runtime/base/error.h> <runtime/base/fd.h>)  # by the include path: absolute ones would keep checkouts from sharing a cache
set(KATA_PCH_rpc ${KATA_PCH_base} <asio/awaitable.hpp> <asio/co_spawn.hpp> <asio/detached.hpp> <asio/io_context.hpp>
    <asio/posix/stream_descriptor.hpp> <asio/redirect_error.hpp> <asio/steady_timer.hpp> <asio/use_awaitable.hpp> <agent.pb.h>)
set(KATA_PCH_test ${KATA_PCH_base} <filesystem> <catch2/catch.hpp>)
# A test's own code runs once: to optimize it takes longer than it saves. The libraries under test are as they are shipped.
set(KATA_TEST_OPTIMIZATION -O0 $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>)

# Most of the rest is the same headers and templates once for each small file. Presets that build everything at once take eight
# files of a target as one: half of the time again. `dev` and `tidy` compile file by file. CMake's own CMAKE_UNITY_BUILD writes the
# checkout's path into those files, so that no two checkouts would share a compiler cache.
option(KATA_UNITY "Compile up to eight files of a target as one" OFF)
if(KATA_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND KATA_WARNINGS -Wno-subobject-linkage)  # it takes every file but the first for a header
endif()

# kata_unite(TARGET): replaces its files by ones that include them, but for those with properties of their own.
function(kata_unite target)
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(build ${target} BINARY_DIR)
  set(alone)
  set(together)
  foreach(source IN LISTS sources)
    get_filename_component(source "${source}" ABSOLUTE BASE_DIR "${folder}")
    set(is_alone OFF)
    foreach(property IN ITEMS SKIP_UNITY_BUILD_INCLUSION SKIP_PRECOMPILE_HEADERS COMPILE_DEFINITIONS GENERATED)
      get_source_file_property(value "${source}" TARGET_DIRECTORY ${target} ${property})
      if(value)
        set(is_alone ON)
      endif()
    endforeach()
    if(is_alone)
      list(APPEND alone "${source}")
    else()
      file(RELATIVE_PATH source "${CMAKE_SOURCE_DIR}" "${source}")
      list(APPEND together "#include \"${source}\"\n")
    endif()
  endforeach()
  set(number 0)
  while(together)
    list(SUBLIST together 0 8 batch)
    list(REMOVE_ITEM together ${batch})
    list(JOIN batch "" text)
    file(CONFIGURE OUTPUT "${build}/unity/${target}_${number}.cc" CONTENT "${text}" @ONLY)
    list(APPEND alone "${build}/unity/${target}_${number}.cc")
    math(EXPR number "${number} + 1")
  endwhile()
  set_target_properties(${target} PROPERTIES SOURCES "${alone}")
endfunction()

# kata_precompile(TARGET SET): the set's own target is made by the first that asks for it.
function(kata_precompile target set)
  if(NOT KATA_PCH)
    return()
  endif()
  if(NOT TARGET kata_pch_${set})
    add_library(kata_pch_${set} STATIC "${CMAKE_SOURCE_DIR}/ci/cmake/precompiled.cc")
    target_compile_options(kata_pch_${set} PRIVATE ${KATA_WARNINGS})
    target_link_libraries(kata_pch_${set} PRIVATE kata_options)
    if(set STREQUAL "test")
      target_compile_options(kata_pch_test PRIVATE ${KATA_TEST_OPTIMIZATION})
    endif()
    if(set STREQUAL "rpc")
      target_link_libraries(kata_pch_${set} PRIVATE kata_wire_proto)
    endif()
    target_precompile_headers(kata_pch_${set} PRIVATE ${KATA_PCH_${set}})
  endif()
  target_precompile_headers(${target} REUSE_FROM kata_pch_${set})
endfunction()

# kata_library(NAME wire SOURCES a.cc b.cc DEPS kata_base PCH rpc): PCH is one of the sets above, `base` by default.
function(kata_library)
  cmake_parse_arguments(ARG "" "NAME;PCH" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_PCH)
    set(ARG_PCH base)
  endif()
  add_library(kata_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_compile_options(kata_${ARG_NAME} PRIVATE ${KATA_WARNINGS})
  target_link_libraries(kata_${ARG_NAME} PUBLIC kata_options ${ARG_DEPS})
  kata_precompile(kata_${ARG_NAME} ${ARG_PCH})
  if(KATA_UNITY)
    # at the end, since folders below may add to it
    cmake_language(EVAL CODE "cmake_language(DEFER DIRECTORY \"${CMAKE_SOURCE_DIR}\" CALL kata_unite kata_${ARG_NAME})")
  endif()
endfunction()

# kata_sanitize(TARGET): with AddressSanitizer, a program brings the options that it runs with.
function(kata_sanitize target)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=address" AND NOT KATA_FUZZ)
    target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/ci/cmake/sanitizer_options.cc")
    set_source_files_properties("${CMAKE_SOURCE_DIR}/ci/cmake/sanitizer_options.cc" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# kata_executable(NAME kata-agent SOURCES main.cc DEPS kata_agent_rpc STATIC COMPONENT agent)
# STATIC programs run on any release whatever its C library: no INTERP, no NEEDED.
function(kata_executable)
  cmake_parse_arguments(ARG "STATIC" "NAME;COMPONENT" "SOURCES;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_compile_options(${ARG_NAME} PRIVATE ${KATA_WARNINGS})
  target_link_libraries(${ARG_NAME} PRIVATE kata_options ${ARG_DEPS})
  kata_sanitize(${ARG_NAME})
  if(ARG_STATIC AND KATA_STATIC)
    target_sources(${ARG_NAME} PRIVATE "${CMAKE_SOURCE_DIR}/runtime/base/unwind_by_table.cc")
    target_link_options(${ARG_NAME} PRIVATE -static -Wl,--eh-frame-hdr
      -Wl,--wrap=__register_frame_info -Wl,--wrap=__deregister_frame_info)
  endif()
  if(ARG_COMPONENT)
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION bin COMPONENT ${ARG_COMPONENT})
  endif()
endfunction()
