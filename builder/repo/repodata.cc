// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/repodata.h"

#include <fmt/format.h>

#include <future>
#include <span>
#include <utility>

#include "builder/pipeline/digest.h"
#include "builder/repo/createrepo.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

constexpr std::string_view kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

struct MetadataFile {
  std::string type;
  std::string name;
  std::string bytes;
  std::string sha256;
  std::string open_sha256;  ///< empty: the file is not compressed
  std::size_t open_size = 0;
};

MetadataFile make_file(const std::string& type, const std::string& name,
                       std::span<const std::string> blocks, const RepodataOptions& options) {
  MetadataFile file;
  file.type = type;
  pipeline::Sha256 open_digest;
  for (const std::string& block : blocks) {
    open_digest.add(block);
    file.open_size += block.size();
  }
  file.open_sha256 = open_digest.finish();
  const MetadataText* before = nullptr;
  if (options.before != nullptr) {
    const auto found = options.before->find(type);
    if (found != options.before->end()) before = found->second.get();
  }
  file.bytes = compressed(blocks, options.compression, before);
  file.sha256 = pipeline::sha256_of_text(file.bytes);
  file.name = file.sha256 + "-" + name + compression_suffix(options.compression);
  return file;
}

/// Whether a block of text ends after this package: by its digest, so that blocks stay as they are
/// when packages come and go around them. One in 128.
bool ends_block(const Package& package) {
  return package.sha256.starts_with("00") || package.sha256.starts_with("80");
}

std::vector<std::string> document(std::string_view element, std::string_view namespaces,
                                  const Packages& packages, std::string_view Package::*piece) {
  std::vector<std::string> blocks = {
      fmt::format("{}<{} {} packages=\"{}\">\n", kXml, element, namespaces, packages.size())};
  std::string block;
  for (const PackagePtr& package : packages) {
    block += (*package).*piece;
    block += '\n';
    if (ends_block(*package)) blocks.push_back(std::exchange(block, {}));
  }
  blocks.push_back(block + fmt::format("</{}>\n", element));
  return blocks;
}

cr_RepomdRecord* record_of(const MetadataFile& file, std::int64_t timestamp) {
  cr_RepomdRecord* record = cr_repomd_record_new(file.type.c_str(), nullptr);
  const auto keep = [&](const std::string& text) {
    return g_string_chunk_insert(record->chunk, text.c_str());
  };
  record->location_href = keep("repodata/" + file.name);
  record->checksum = keep(file.sha256);
  record->checksum_type = keep("sha256");
  record->size = static_cast<gint64>(file.bytes.size());
  record->timestamp = timestamp;
  if (!file.open_sha256.empty()) {
    record->checksum_open = keep(file.open_sha256);
    record->checksum_open_type = keep("sha256");
    record->size_open = static_cast<gint64>(file.open_size);
  }
  return record;
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

/// The `<package>` elements of a document that document() wrote.
std::vector<std::string_view> pieces_of(std::string_view text, const std::string& name) {
  constexpr std::string_view kBegin = "<package ";
  constexpr std::string_view kEnd = "</package>";
  std::vector<std::string_view> pieces;
  std::size_t at = text.find(kBegin);
  while (at != std::string_view::npos) {
    const std::size_t end = text.find(kEnd, at);
    if (end == std::string_view::npos)
      throw_error(Code::data_loss, "read {}: a package element does not end", name);
    pieces.push_back(text.substr(at, end + kEnd.size() - at));
    at = text.find(kBegin, end);
  }
  return pieces;
}

std::shared_ptr<const MetadataText> read_metadata(const std::string& folder, const Repomd& repomd,
                                                  const std::string& type) {
  for (const RepomdRecord& record : repomd.records) {
    if (record.type != type) continue;
    const std::string path = join_path(folder, record.location);
    std::string bytes = read_file(path, std::size_t{1} << 30);
    if (pipeline::sha256_of_text(bytes) != record.sha256)
      throw_error(Code::data_loss, "read {}: its sha256 is not the one in repomd.xml", path);
    return std::make_shared<const MetadataText>(std::move(bytes), path);
  }
  throw_error(Code::data_loss, "read {}/repodata/repomd.xml: it names no {}", folder, type);
}

}  // namespace

Repodata make_repodata(const Packages& packages, const RepodataOptions& options) {
  const auto made = [&](const char* name, const char* element, const char* namespaces,
                        std::string_view Package::*piece) {
    return std::async(std::launch::async, [=, &packages, &options] {
      return make_file(name, std::string(name) + ".xml",
                       document(element, namespaces, packages, piece), options);
    });
  };
  auto primary =
      made("primary", "metadata", "xmlns=\"" CR_XML_COMMON_NS "\" xmlns:rpm=\"" CR_XML_RPM_NS "\"",
           &Package::primary);
  auto filelists =
      made("filelists", "filelists", "xmlns=\"" CR_XML_FILELISTS_NS "\"", &Package::filelists);
  auto other = made("other", "otherdata", "xmlns=\"" CR_XML_OTHER_NS "\"", &Package::other);
  std::vector<MetadataFile> files;
  files.push_back(primary.get());
  files.push_back(filelists.get());
  files.push_back(other.get());
  if (!options.updateinfo.empty())
    files.push_back(make_file("updateinfo", "updateinfo.xml", {&options.updateinfo, 1}, options));
  if (!options.comps.empty()) {
    MetadataFile plain;
    plain.type = "group";
    plain.bytes = options.comps;
    plain.sha256 = pipeline::sha256_of_text(options.comps);
    plain.name = plain.sha256 + "-comps.xml";
    files.push_back(std::move(plain));
    files.push_back(make_file("group_gz", "comps.xml", {&options.comps, 1}, options));
  }

  Repodata repodata;
  const CrRepomd repomd(cr_repomd_new());
  cr_repomd_set_revision(repomd.get(), std::to_string(options.timestamp).c_str());
  for (MetadataFile& file : files) {
    cr_repomd_set_record(repomd.get(), record_of(file, options.timestamp));
    repodata.records[file.type] = file.sha256;
    repodata.files.emplace_back(file.name, std::move(file.bytes));
  }
  GlibError error;
  const GText xml(cr_xml_dump_repomd(repomd.get(), error.out()));
  if (!xml || error) throw_error(Code::internal, "write repomd.xml: {}", error.text());
  repodata.repomd = xml.get();
  return repodata;
}

Repomd read_repomd(const std::string& path) {
  const CrRepomd parsed(cr_repomd_new());
  GlibError error;
  if (cr_xml_parse_repomd(path.c_str(), parsed.get(), nullptr, nullptr, error.out()) != CRE_OK ||
      error) {
    throw_error(Code::data_loss, "read {}: {}", path, error.text());
  }
  Repomd repomd;
  repomd.revision = std::strtoll(text_or_empty(parsed->revision).c_str(), nullptr, 10);
  for (const GSList* item = parsed->records; item != nullptr; item = item->next) {
    const auto* from = static_cast<const cr_RepomdRecord*>(item->data);
    RepomdRecord record;
    record.type = text_or_empty(from->type);
    record.location = text_or_empty(from->location_href);
    record.sha256 = text_or_empty(from->checksum);
    record.open_sha256 = text_or_empty(from->checksum_open);
    record.size = static_cast<std::uint64_t>(from->size);
    if (text_or_empty(from->checksum_type) != "sha256")
      throw_error(Code::data_loss, "read {}: {} has no sha256", path, record.type);
    if (!record.location.starts_with("repodata/") ||
        record.location.find("..") != std::string::npos) {
      throw_error(Code::data_loss, "read {}: {} is at {}, outside of repodata", path, record.type,
                  record.location);
    }
    repomd.records.push_back(std::move(record));
  }
  return repomd;
}

PublishedMetadata read_published(const std::string& folder) {
  PublishedMetadata published;
  published.repomd = read_repomd(join_path(folder, "repodata/repomd.xml"));
  const auto load = [&](const char* type) {
    return std::async(std::launch::async,
                      [&, type] { return read_metadata(folder, published.repomd, type); });
  };
  auto primary_text = load("primary");
  auto filelists_text = load("filelists");
  auto other_text = load("other");
  // the packages' pieces point into these
  const auto texts =
      std::make_shared<const MetadataTexts>(MetadataTexts{{"primary", primary_text.get()},
                                                          {"filelists", filelists_text.get()},
                                                          {"other", other_text.get()}});
  const auto pieces = [&](const char* type) {
    return pieces_of(texts->at(type)->text(), folder + " " + type);
  };
  const std::vector<std::string_view> primaries = pieces("primary");
  const std::vector<std::string_view> lists = pieces("filelists");
  const std::vector<std::string_view> others = pieces("other");
  if (primaries.size() != lists.size() || primaries.size() != others.size()) {
    throw_error(Code::data_loss,
                "read {}/repodata: primary, filelists and other hold {}, {} and {} packages",
                folder, primaries.size(), lists.size(), others.size());
  }
  published.packages.reserve(primaries.size());
  for (std::size_t i = 0; i < primaries.size(); ++i) {
    std::optional<Package> package =
        package_from_metadata(primaries[i], lists[i], others[i], texts);
    if (!package) {
      throw_error(Code::data_loss,
                  "read {}/repodata: package number {} is not as katabuild writes it", folder,
                  i + 1);
    }
    published.packages.push_back(std::make_shared<const Package>(std::move(*package)));
  }
  published.texts = *texts;
  return published;
}

}  // namespace kata::repo
