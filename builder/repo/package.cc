// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/package.h"

#include <fmt/format.h>
#include <rpm/rpmlib.h>

#include <array>
#include <charconv>
#include <mutex>
#include <tuple>

#include "builder/repo/createrepo.h"
#include "builder/repo/xml_text.h"

namespace kata::repo {
namespace {

constexpr int kChangelogLimit = 10;

std::string text(const char* value) { return value != nullptr ? value : ""; }

/// The name that rpmbuild would have given the file: a pool may call it anything.
std::string location_of(const Package& package) {
  return fmt::format("Packages/{}/{}-{}-{}.{}.rpm", package.name.substr(0, 1), package.name,
                     package.version, package.release, package.arch);
}

/// The name becomes part of a path and a URL; rpm itself allows more.
void check_name(const Package& package, const std::string& path) {
  for (const std::string* part :
       {&package.name, &package.version, &package.release, &package.arch}) {
    if (part->empty() || part->find_first_of("/ \n\"<>&") != std::string::npos ||
        part->front() == '.') {
      throw_error(Code::invalid_argument,
                  "read package {}: its name, version, release or architecture \"{}\" cannot be "
                  "part of a file's name: rebuild it under another",
                  path, *part);
    }
  }
}

std::string piece(char* (*dump)(cr_Package*, GError**), cr_Package* package,
                  const std::string& path) {
  GlibError error;
  const GText xml(dump(package, error.out()));
  if (!xml || error)
    throw_error(Code::data_loss, "write metadata of package {}: {}", path, error.text());
  // createrepo_c ends some of its pieces with a newline
  std::string text = xml.get();
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

template <typename Number>
bool parse(std::optional<std::string_view> value, Number& into) {
  if (!value) return false;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), into);
  return error == std::errc() && end == value->data() + value->size();
}

}  // namespace

Package read_package(const std::string& path) {
  static std::once_flag configured;
  std::call_once(configured, cr_package_parser_init);
  GlibError error;
  const CrPackage read(cr_package_from_rpm(path.c_str(), CR_CHECKSUM_SHA256, nullptr, nullptr,
                                           kChangelogLimit, nullptr, CR_HDRR_NONE, error.out()));
  if (!read || error) {
    throw_error(Code::data_loss,
                "read package {}: {}: it is no RPM or is cut off: copy it into the pool again, or "
                "remove it there",
                path, error.text());
  }
  Package package;
  package.name = text(read->name);
  package.epoch = text(read->epoch);
  package.version = text(read->version);
  package.release = text(read->release);
  package.arch = text(read->arch);
  check_name(package, path);
  package.sha256 = text(read->pkgId);
  package.size = static_cast<std::uint64_t>(read->size_package);
  package.build_time = read->time_build;
  package.location = location_of(package);
  // createrepo_c writes the file's time here; the build's time is the same wherever the file lies
  read->time_file = read->time_build;
  read->location_href = g_string_chunk_insert(read->chunk, package.location.c_str());
  auto pieces = std::make_shared<std::array<std::string, 3>>(std::array<std::string, 3>{
      piece(cr_xml_dump_primary, read.get(), path), piece(cr_xml_dump_filelists, read.get(), path),
      piece(cr_xml_dump_other, read.get(), path)});
  package.primary = (*pieces)[0];
  package.filelists = (*pieces)[1];
  package.other = (*pieces)[2];
  package.storage = std::move(pieces);
  return package;
}

std::optional<Package> package_from_metadata(std::string_view primary, std::string_view filelists,
                                             std::string_view other,
                                             std::shared_ptr<const void> storage) {
  const auto name = content_of(primary, "name");
  const auto arch = content_of(primary, "arch");
  const auto epoch = attribute_of(primary, "version", "epoch");
  const auto version = attribute_of(primary, "version", "ver");
  const auto release = attribute_of(primary, "version", "rel");
  const auto checksum = content_of(primary, "checksum");
  const auto location = attribute_of(primary, "location", "href");
  if (!name || !arch || !epoch || !version || !release || !checksum || !location)
    return std::nullopt;
  if (attribute_of(primary, "checksum", "type") != "sha256") return std::nullopt;
  if (attribute_of(filelists, "package", "pkgid") != checksum ||
      attribute_of(other, "package", "pkgid") != checksum)
    return std::nullopt;
  Package package;
  package.name = unescaped(*name);
  package.epoch = *epoch;
  package.version = unescaped(*version);
  package.release = unescaped(*release);
  package.arch = *arch;
  package.sha256 = *checksum;
  if (!parse(attribute_of(primary, "size", "package"), package.size) ||
      !parse(attribute_of(primary, "time", "build"), package.build_time))
    return std::nullopt;
  package.location = unescaped(*location);
  if (package.location != location_of(package)) return std::nullopt;
  package.primary = primary;
  package.filelists = filelists;
  package.other = other;
  package.storage = std::move(storage);
  return package;
}

std::string nevra(const Package& package) {
  const bool has_epoch = !package.epoch.empty() && package.epoch != "0";
  return fmt::format("{}-{}{}-{}.{}", package.name, has_epoch ? package.epoch + ":" : "",
                     package.version, package.release, package.arch);
}

int compare_versions(const Package& a, const Package& b) {
  const auto number = [](const std::string& epoch) {
    unsigned long value = 0;
    std::from_chars(epoch.data(), epoch.data() + epoch.size(), value);
    return value;
  };
  const unsigned long ea = number(a.epoch);
  const unsigned long eb = number(b.epoch);
  if (ea != eb) return ea < eb ? -1 : 1;
  const int version = rpmvercmp(a.version.c_str(), b.version.c_str());
  return version != 0 ? version : rpmvercmp(a.release.c_str(), b.release.c_str());
}

bool comes_before(const Package& a, const Package& b) {
  if (a.name != b.name) return a.name < b.name;
  const int order = compare_versions(a, b);
  if (order != 0) return order > 0;
  return std::tie(a.arch, a.sha256) < std::tie(b.arch, b.sha256);
}

}  // namespace kata::repo
