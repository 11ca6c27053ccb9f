// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "builder/archive/archive_reader.h"
#include "builder/archive/tar_writer.h"
#include "builder/rpm/changelog.h"
#include "builder/rpm/man_page.h"
#include "builder/rpm/release_facts.h"
#include "builder/rpm/rpm_tools.h"
#include "builder/rpm/spec_template.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::rpm;

const ChangelogOptions kOptions{"P <p@example.com>", "0.2.0", "1", 1767225600};

template <typename Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("CHANGELOG.md becomes a changelog that rpmbuild takes", "[rpm]") {
  const std::string text = rpm_changelog(
      "# Changelog\n\n## [Unreleased]\n\n### Added\n- `a` does 100 % of b\n  and c\n\n"
      "## [0.1.0] - 2025-12-01\n### Fixed\n- d\n## [0.0.1]\n- no date\n",
      kOptions);
  CHECK(text ==
        "* Thu Jan 01 2026 P <p@example.com> - 0.2.0-1\n- Added: a does 100 %% of b and c\n\n"
        "* Mon Dec 01 2025 P <p@example.com> - 0.1.0-1\n- Fixed: d\n");
}

TEST_CASE("a changelog's days never ascend, and its first entry is the version built", "[rpm]") {
  CHECK(rpm_changelog("## [0.2.0] - 2025-01-01\n- a\n## [0.1.0] - 2025-06-01\n- b\n", kOptions) ==
        "* Sun Jun 01 2025 P <p@example.com> - 0.2.0-1\n- a\n\n"
        "* Sun Jun 01 2025 P <p@example.com> - 0.1.0-1\n- b\n");
  CHECK_THAT(rpm_changelog("", kOptions),
             Catch::StartsWith("* Thu Jan 01 2026") && Catch::Contains("- 0.2.0-1\n- Packaged"));
  CHECK_THAT(error_of([] { (void)rpm_changelog("## [1] - soon\n- a\n", kOptions); }),
             Catch::Contains("CHANGELOG.md: \"soon\" is no date"));
}

TEST_CASE("a template's names are filled in once, and an unknown one is told with its line",
          "[rpm]") {
  CHECK(fill_template("a@b @X@ c@example.com", {{"X", "@Y@"}}, "t") == "a@b @Y@ c@example.com");
  CHECK(error_of([] { (void)fill_template("\n@NO@", {}, "t.in"); }) == "t.in:2: unknown name @NO@");
}

TEST_CASE("man pages are made of the Markdown that they are written in", "[rpm]") {
  const std::string page = man_page(
      "% tool(8)\n\n# NAME\ntool - a *thing*\n\n**--flag** `x`\n: Does it.\n\n- item\n\n    .ex "
      "--y\n",
      "tool", "8");
  CHECK(page ==
        ".TH TOOL 8\n.SH NAME\ntool \\- a \\fIthing\\fR\n.PP\n.TP\n\\fB\\-\\-flag\\fR "
        "\\fBx\\fR\nDoes it.\n.PP\n.IP \\(bu 2\nitem\n.PP\n.RS 4\n.nf\n\\&.ex \\-\\-y\n.fi\n.RE\n");
}

TEST_CASE("payloads are what each release's rpm can read", "[rpm]") {
  CHECK(release_facts("el7").binary_payload == "w2.xzdio");
  CHECK(release_facts("el8").binary_payload == "w2.xzdio");
  CHECK(release_facts("el9").binary_payload == "w19.zstdio");
  CHECK(release_facts("el7").signs_header_and_payload);
  CHECK_FALSE(release_facts("el10").signs_header_and_payload);
  CHECK_THAT(error_of([] { (void)release_facts("el6"); }), Catch::Contains("release el6"));
}

TEST_CASE("the builder's own release is known by os-release alone", "[rpm]") {
  CHECK(release_of_host("NAME=\"Oracle Linux Server\"\nID=\"ol\"\nVERSION_ID=\"9.4\"\n") == "el9");
  CHECK(release_of_host("ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=10\n") == "el10");
  CHECK(release_of_host("ID=debian\nVERSION_ID=\"12\"\n").empty());
  CHECK(release_of_host("ID=fedora\nVERSION_ID=40\n").empty());
}

TEST_CASE("missing tools are named all at once, with the packages that have them", "[rpm]") {
  const std::string error =
      error_of([] { check_tools(true, [](const std::string& name) { return name == "tar"; }); });
  CHECK_THAT(error, Catch::Contains("missing: rpmbuild rpmkeys gzip rpmsign gpg gpgconf:"));
  CHECK_THAT(error, Catch::Contains("`apt-get install rpm gzip gnupg`"));
  CHECK_THAT(error, Catch::Contains("`dnf install rpm-build rpm gzip rpm-sign gnupg2`"));
  CHECK(error_of([] {
          check_tools(false, [](const std::string& name) { return !name.starts_with("gpg"); });
        }) == "no error");
}

TEST_CASE("a tarball's bytes are those of its files, whatever their order", "[rpm]") {
  const TempDir dir;
  write_file(dir.path() + "/f", "content");
  const archive::TarFile a{.path = "x/a", .mode = 0755, .source = dir.path() + "/f"};
  const archive::TarFile b{.path = "x/b", .target = "a"};
  archive::write_tar({a, b}, 1000, dir.path() + "/1.tar");
  archive::write_tar({b, a}, 1000, dir.path() + "/2.tar");
  CHECK(read_file(dir.path() + "/1.tar") == read_file(dir.path() + "/2.tar"));
  CHECK(archive::tar_digest({a, b}) == archive::tar_digest({b, a}));
  CHECK(archive::tar_digest({a}) != archive::tar_digest({a, b}));
  archive::ArchiveReader reader(dir.path() + "/1.tar");
  const auto folder = reader.next();
  REQUIRE(folder);
  CHECK(folder->kind == archive::EntryKind::directory);
  const auto file = reader.next();
  REQUIRE(file);
  CHECK(file->path == "x/a");
  CHECK(file->mode == 0755);
  CHECK(file->mtime == 1000);
  CHECK(file->uid == 0);
  CHECK_THAT(error_of([&] {
               archive::write_tar({a, a}, 0, dir.path() + "/3.tar");
             }),
             Catch::Contains("x/a: two files have this path"));
}
