// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into katabuild by a test: the process kills itself just before its rename(2) number
// KATA_KILL_AT_RENAME, as a power cut or an impatient person would.
#include <dlfcn.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

extern "C" int rename(const char* from, const char* to) {
  using Rename = int (*)(const char*, const char*);
  static const Rename real = reinterpret_cast<Rename>(::dlsym(RTLD_NEXT, "rename"));
  static int count = 0;
  const char* number = std::getenv("KATA_KILL_AT_RENAME");
  // gpg, which katabuild starts, renames files of its own
  const bool ours = std::strcmp(::program_invocation_short_name, "katabuild") == 0;
  if (ours && number != nullptr && ++count == std::atoi(number)) ::raise(SIGKILL);
  return real(from, to);
}
