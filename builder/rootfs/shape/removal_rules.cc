// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/removal_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

constexpr std::string_view kDocumentation[] = {
    "usr/share/doc",   "usr/share/man",       "usr/share/info",      "usr/share/gtk-doc",
    "usr/share/help",  "usr/share/lintian",   "usr/share/bug",       "usr/share/doc-base",
    "usr/share/omf",   "usr/local/share/man", "usr/local/share/doc", "usr/local/man",
    "usr/share/groff", "var/cache/man"};
constexpr std::string_view kPackageDatabases[] = {"var/lib/dpkg",        "var/lib/apt",
                                                  "var/cache/apt",       "var/log/apt",
                                                  "var/log/dpkg.log",    "var/cache/debconf",
                                                  "var/lib/rpm",         "usr/lib/sysimage/rpm",
                                                  "usr/share/rpm",       "var/lib/dnf",
                                                  "var/cache/dnf",       "var/log/dnf.log",
                                                  "var/log/dnf.rpm.log", "var/log/dnf.librepo.log",
                                                  "var/log/hawkey.log",  "var/lib/yum",
                                                  "var/cache/yum",       "var/log/yum.log",
                                                  "lib/apk/db",          "var/cache/apk"};
// Each with a folder per locale
constexpr std::string_view kLocaleFolders[] = {"usr/share/locale/", "usr/lib/locale/",
                                               "usr/share/i18n/locales/"};

template <typename List>
const std::string_view* folder_above(const List& list, const std::string& path) {
  const auto found = std::find_if(std::begin(list), std::end(list),
                                  [&](std::string_view folder) { return is_below(path, folder); });
  return found == std::end(list) ? nullptr : &*found;
}

/// Licences say under which terms the image may be passed on.
bool is_licence(const std::string& path) {
  const std::string_view name = base_name(path);
  return path.starts_with("usr/share/doc/") &&
         (name == "copyright" || name.starts_with("LICENSE") || name.starts_with("COPYING"));
}

}  // namespace

RemovalRules::RemovalRules(const recipe::Minimize& minimize, const Tree& tree)
    : minimize_(minimize),
      exclude_(globs_in(tree, minimize.exclude)),
      keep_(globs_in(tree, minimize.keep)) {}

bool RemovalRules::keeps(const std::string& path) const {
  return std::any_of(keep_.begin(), keep_.end(),
                     [&](const Glob& glob) { return glob.covers(path); });
}

bool RemovalRules::keeps_locale(std::string_view name) const {
  // glibc has C and POSIX built in, C.UTF-8 too from 2.35 on; programs fall back to them
  if (name == "C" || name == "POSIX" || name.starts_with("C.")) return true;
  return std::any_of(
      minimize_.locales->begin(), minimize_.locales->end(), [&](const std::string& wanted) {
        return name == wanted ||
               (name.starts_with(wanted) &&
                std::string_view("_.@").find(name[wanted.size()]) != std::string_view::npos);
      });
}

bool RemovalRules::is_unwanted_locale(const std::string& path) const {
  if (path.starts_with("usr/share/i18n/charmaps/")) return true;
  // All locales in one file: of use when any but the built-in ones are wanted
  if (path == "usr/lib/locale/locale-archive") return minimize_.locales->empty();
  for (const std::string_view folder : kLocaleFolders) {
    if (!path.starts_with(folder)) continue;
    const std::string_view name = std::string_view(path).substr(folder.size());
    const std::size_t slash = name.find('/');
    // Plain files in the folders of messages, as locale.alias, belong to none
    if (slash == std::string_view::npos && folder != "usr/share/i18n/locales/") return false;
    return !keeps_locale(name.substr(0, slash));
  }
  return false;
}

std::optional<std::string> RemovalRules::rule_for(const std::string& path) const {
  for (const Glob& glob : exclude_) {
    if (glob.covers(path)) return "minimize.exclude " + glob.text();
  }
  if (!minimize_.documentation && !is_licence(path)) {
    if (const std::string_view* folder = folder_above(kDocumentation, path))
      return fmt::format("minimize.documentation: false (/{})", *folder);
  }
  if (minimize_.locales && is_unwanted_locale(path))
    return std::string("minimize.locales: not among those that stay");
  if (!minimize_.package_databases) {
    if (const std::string_view* folder = folder_above(kPackageDatabases, path))
      return fmt::format("minimize.package_databases: false (/{})", *folder);
  }
  return std::nullopt;
}

}  // namespace kata::rootfs
