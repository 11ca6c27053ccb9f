// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/compressor.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "builder/archive/compress.h"
#include "builder/pipeline/interrupt.h"
#include "builder/pipeline/parallel.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

namespace kata::archive {

using recipe::CompressionType;

class Compressor::Method {
 public:
  explicit Method(const std::string& path)
      : path_(path), fd_(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644)) {}
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  virtual ~Method() = default;
  virtual void add(std::string_view bytes) = 0;
  virtual void finish() = 0;
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

 protected:
  void write(std::string_view bytes) {
    in_context([&] { write_all(fd_.get(), bytes); }, "write {}", path_);
    written_ += bytes.size();
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  UniqueFd fd_;
  std::uint64_t written_ = 0;
};

namespace {

class Plain final : public Compressor::Method {
 public:
  using Method::Method;
  void add(std::string_view bytes) override {
    buffer_ += bytes;
    if (buffer_.size() < (1U << 20)) return;
    write(buffer_);
    buffer_.clear();
  }
  void finish() override { write(buffer_); }

 private:
  std::string buffer_;
};

/// By threads of the library. It cuts its input into pieces of one size, for one thread too, so
/// that the bytes do not tell how many there were.
class Zstd final : public Compressor::Method {
 public:
  Zstd(const std::string& path, int level, unsigned jobs) : Method(path) {
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_nbWorkers, static_cast<int>(std::max(jobs, 1U)));
    set(ZSTD_c_jobSize, 8 << 20);
  }
  void add(std::string_view bytes) override {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    while (input.pos < input.size) (void)step(input, ZSTD_e_continue);
  }
  void finish() override {
    ZSTD_inBuffer input{nullptr, 0, 0};
    while (step(input, ZSTD_e_end) != 0) pipeline::throw_if_interrupted();
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    (void)checked(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  }
  [[nodiscard]] std::size_t checked(std::size_t status) const {
    if (ZSTD_isError(status) != 0)
      throw_error(Code::internal, "compress into {} by zstd: {}", path(),
                  ZSTD_getErrorName(status));
    return status;
  }
  std::size_t step(ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    const std::size_t left =
        checked(ZSTD_compressStream2(context_.get(), &output, &input, directive));
    write({buffer_.data(), output.pos});
    return left;
  }

  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx};
  std::vector<char> buffer_ = std::vector<char>(ZSTD_CStreamOutSize());
};

/// libarchive's xz filter writes a CRC64 check, which the kernel's unpacker refuses; so liblzma
/// itself.
class Xz final : public Compressor::Method {
 public:
  Xz(const std::string& path, int level, unsigned jobs) : Method(path) {
    lzma_mt options{};
    options.threads = std::max(jobs, 1U);
    options.block_size = std::uint64_t{24} << 20;  // the same whatever the level and the threads
    options.preset = static_cast<std::uint32_t>(level);
    options.check = LZMA_CHECK_CRC32;
    if (lzma_stream_encoder_mt(&stream_, &options) != LZMA_OK)
      throw_error(Code::internal, "start the xz compressor at level {}", level);
  }
  Xz(const Xz&) = delete;
  Xz& operator=(const Xz&) = delete;
  ~Xz() override { lzma_end(&stream_); }
  void add(std::string_view bytes) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    while (stream_.avail_in > 0) (void)step(LZMA_RUN);
  }
  void finish() override {
    while (step(LZMA_FINISH) != LZMA_STREAM_END) pipeline::throw_if_interrupted();
  }

 private:
  lzma_ret step(lzma_action action) {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer_.data());
    stream_.avail_out = buffer_.size();
    const lzma_ret status = lzma_code(&stream_, action);
    if (status != LZMA_OK && status != LZMA_STREAM_END)
      throw_error(Code::internal, "compress into {} by xz: error {}", path(),
                  static_cast<int>(status));
    write({buffer_.data(), buffer_.size() - stream_.avail_out});
    return status;
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  std::vector<char> buffer_ = std::vector<char>(1U << 18);
};

void append_le32(std::string& bytes, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

/// The legacy frame is the only one the kernel reads: a magic number, then blocks of at most 8 MiB
/// with their size.
class Lz4 final : public Compressor::Method {
 public:
  Lz4(const std::string& path, int level, unsigned jobs)
      : Method(path), level_(level), jobs_(std::max(jobs, 1U)) {
    constexpr std::uint32_t kLegacyMagic = 0x184C2102;
    std::string magic;
    append_le32(magic, kLegacyMagic);
    write(magic);
  }
  void add(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), kBlock * jobs_ - input_.size());
      input_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (input_.size() == kBlock * jobs_) compress();
    }
  }
  void finish() override { compress(); }

 private:
  static constexpr std::size_t kBlock = 8U << 20;

  void compress() {
    const std::size_t blocks = (input_.size() + kBlock - 1) / kBlock;
    std::vector<std::string> outputs(blocks);
    pipeline::run_parallel(blocks, jobs_, [&](std::size_t i) {
      const std::string_view block = std::string_view(input_).substr(i * kBlock, kBlock);
      std::string output(
          static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(block.size()))), '\0');
      const int size = LZ4_compress_HC(block.data(), output.data(), static_cast<int>(block.size()),
                                       static_cast<int>(output.size()), level_);
      if (size <= 0) throw_error(Code::internal, "compress into {} by lz4", path());
      append_le32(outputs[i], static_cast<std::uint32_t>(size));
      outputs[i].append(output, 0, static_cast<std::size_t>(size));
    });
    for (const std::string& output : outputs) write(output);
    input_.clear();
  }

  int level_;
  unsigned jobs_;
  std::string input_;
};

la_ssize_t write_gzip(struct archive*, void* opaque, const void* bytes, std::size_t size) {
  static_cast<std::string*>(opaque)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

class Gzip final : public Compressor::Method {
 public:
  Gzip(const std::string& path, int level) : Method(path) {
    archive_write_set_format_raw(handle_.get());
    check(archive_write_add_filter_gzip(handle_.get()));
    check(archive_write_set_filter_option(handle_.get(), nullptr, "compression-level",
                                          std::to_string(level).c_str()));
    check(archive_write_set_filter_option(handle_.get(), "gzip", "timestamp", nullptr));
    archive_write_set_bytes_in_last_block(handle_.get(), 1);
    check(archive_write_open(handle_.get(), &output_, nullptr, write_gzip, nullptr));
    const std::unique_ptr<struct archive_entry, void (*)(struct archive_entry*)> entry(
        archive_entry_new(), archive_entry_free);
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    check(archive_write_header(handle_.get(), entry.get()));
  }
  void add(std::string_view bytes) override {
    if (bytes.empty()) return;
    check(archive_write_data(handle_.get(), bytes.data(), bytes.size()) < 0 ? ARCHIVE_FATAL
                                                                            : ARCHIVE_OK);
    if (output_.size() < (1U << 18)) return;
    write(output_);
    output_.clear();
  }
  void finish() override {
    check(archive_write_close(handle_.get()));
    write(output_);
  }

 private:
  void check(int status) const {
    if (status >= ARCHIVE_OK) return;
    const char* text = archive_error_string(handle_.get());
    throw_error(Code::internal, "compress into {} by gzip: {}", path(),
                text != nullptr ? text : "no details");
  }

  std::string output_;
  std::unique_ptr<struct archive, int (*)(struct archive*)> handle_{archive_write_new(),
                                                                    archive_write_free};
};

std::unique_ptr<Compressor::Method> make_method(const std::string& path,
                                                const recipe::Compression& compression,
                                                unsigned jobs) {
  const int level = compression.level > 0 ? compression.level : default_level(compression.type);
  switch (compression.type) {
    case CompressionType::none:
      return std::make_unique<Plain>(path);
    case CompressionType::gzip:
      return std::make_unique<Gzip>(path, level);
    case CompressionType::xz:
      return std::make_unique<Xz>(path, level, jobs);
    case CompressionType::lz4:
      return std::make_unique<Lz4>(path, level, jobs);
    case CompressionType::zstd:
      break;
  }
  return std::make_unique<Zstd>(path, level, jobs);
}

}  // namespace

Compressor::Compressor(const std::string& path, const recipe::Compression& compression,
                       unsigned jobs)
    : method_(make_method(path, compression, jobs)) {}

Compressor::~Compressor() = default;

void Compressor::add(std::string_view bytes) {
  pipeline::throw_if_interrupted();
  method_->add(bytes);
}

std::uint64_t Compressor::finish() {
  method_->finish();
  return method_->written();
}

}  // namespace kata::archive
