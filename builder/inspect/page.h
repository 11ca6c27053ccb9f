// SPDX-License-Identifier: Apache-2.0
//
// An inspection as one page that needs nothing else: a map of what takes the space, tables, facts.
#pragma once

#include <string>

#include "builder/inspect/inspection.h"

namespace kata::inspect {

/// HTML with its style, script and data in it. Without scripts the tables are there, and the map's
/// place says so. Equal images of one name give equal bytes.
[[nodiscard]] std::string inspection_page(const Inspection& inspection);

/// The template that inspection_page fills, see pipeline/template.h.
extern const char* const kPageText;
/// What the page runs.
extern const char* const kPageScript;

}  // namespace kata::inspect
