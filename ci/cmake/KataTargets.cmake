# SPDX-License-Identifier: Apache-2.0
# The three ways a target is declared in this tree. Everything a compiler or linker is told hangs on `kata_options`, so a
# folder's CMakeLists.txt is a list of its files and of the folders it may include.
include_guard(GLOBAL)

find_package(Threads REQUIRED)
find_program(KATA_CCACHE ccache)
if(KATA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${KATA_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${KATA_CCACHE}")
endif()

add_library(kata_options INTERFACE)
target_compile_features(kata_options INTERFACE cxx_std_20)
target_include_directories(kata_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(kata_options INTERFACE
  _GNU_SOURCE KATA_VERSION="${PROJECT_VERSION}")
# Paths of the builder's machine must not end up in assertion texts or debug information.
target_compile_options(kata_options INTERFACE
  -ffunction-sections -fdata-sections "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
target_link_options(kata_options INTERFACE -Wl,--gc-sections -Wl,--as-needed)
set(KATA_WARNINGS -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
    -Wformat=2
    # GCC 12 takes the frame allocator of Asio coroutines for a mismatch.
    -Wno-mismatched-new-delete)

# kata_library(NAME wire SOURCES a.cc b.cc DEPS kata_base SYSTEM_DEPS seccomp)
function(kata_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_library(kata_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_compile_options(kata_${ARG_NAME} PRIVATE ${KATA_WARNINGS})
  target_link_libraries(kata_${ARG_NAME} PUBLIC kata_options ${ARG_DEPS})
endfunction()

# kata_executable(NAME kata-agent SOURCES main.cc DEPS kata_agent_rpc STATIC COMPONENT agent)
# STATIC programs run on any release whatever its C library: no INTERP, no NEEDED.
function(kata_executable)
  cmake_parse_arguments(ARG "STATIC" "NAME;COMPONENT" "SOURCES;DEPS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_compile_options(${ARG_NAME} PRIVATE ${KATA_WARNINGS})
  target_link_libraries(${ARG_NAME} PRIVATE kata_options ${ARG_DEPS})
  if(ARG_STATIC AND KATA_STATIC)
    target_link_options(${ARG_NAME} PRIVATE -static)
  endif()
  if(ARG_COMPONENT)
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION bin COMPONENT ${ARG_COMPONENT})
  endif()
endfunction()
