// SPDX-License-Identifier: Apache-2.0
//
// createrepo_c's and GLib's pointers as owners, and GError as Error. For the files of this folder
// that call createrepo_c.
#pragma once

#include <curl/curl.h>
#include <glib.h>

#include <memory>
#include <string>

#include "runtime/base/error.h"

// A field of cr_Package has the name of a C++20 keyword. What createrepo_c's headers include of the
// system is included above, so that the macro meets nothing but its own declarations.
#define requires requires_
#include <createrepo_c/createrepo_c.h>
#undef requires

namespace kata::repo {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using CrPackage = std::unique_ptr<cr_Package, FreeWith<cr_package_free>>;
using CrRepomd = std::unique_ptr<cr_Repomd, FreeWith<cr_repomd_free>>;
using CrUpdateInfo = std::unique_ptr<cr_UpdateInfo, FreeWith<cr_updateinfo_free>>;
using GText = std::unique_ptr<char, FreeWith<g_free>>;

/// The GError** argument of one call.
class GlibError {
 public:
  GlibError() = default;
  GlibError(const GlibError&) = delete;
  GlibError& operator=(const GlibError&) = delete;
  ~GlibError() { g_clear_error(&error_); }
  [[nodiscard]] GError** out() noexcept { return &error_; }
  /// Whether the call reported an error.
  [[nodiscard]] explicit operator bool() const noexcept { return error_ != nullptr; }
  /// What went wrong, as createrepo_c says it.
  [[nodiscard]] std::string text() const {
    return error_ != nullptr ? error_->message : "createrepo_c gives no details";
  }

 private:
  GError* error_ = nullptr;
};

}  // namespace kata::repo
