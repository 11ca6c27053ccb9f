// SPDX-License-Identifier: Apache-2.0
//
// In place of libstdc++'s own, whose objects std::cin and std::cout, with all facets of the "C" and
// wide locales, are set up at the start of any program that includes <iostream> somewhere; protobuf
// does. Nothing here writes to them, and 500 blocks of code less are to be translated by an
// emulated guest before its agent runs. Streams on strings and files do not need it: they set up
// the locale when it is first asked for. In a static program the linker takes these and leaves the
// library's.
#include <ios>

#if defined(__GLIBCXX__) && _GLIBCXX_RELEASE < 13  // later ones have it in the library only

namespace std {
ios_base::Init::Init() {}
ios_base::Init::~Init() {}
}  // namespace std

#endif
