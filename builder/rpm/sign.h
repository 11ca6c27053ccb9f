// SPDX-License-Identifier: Apache-2.0
//
// Signatures in packages' headers, by the real rpmsign.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/rpm/release_facts.h"
#include "builder/signing/signing_key.h"

namespace kata::rpm {

/// Throws Error(failed_precondition) when the release's rpm cannot verify signatures of this key.
void check_key_for(const ReleaseFacts& release, const signing::KeyFacts& key);
/// Signs the packages in place. Throws Error.
void sign_packages(const std::vector<std::string>& paths, const ReleaseFacts& release,
                   const signing::SigningKey& key, pipeline::Context& context);

}  // namespace kata::rpm
