// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::pipeline {
namespace {

std::string hexadecimal(EVP_MD_CTX* context) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context, digest, &size);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

class Sha1 {
 public:
  Sha1() {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha1(), nullptr) != 1)
      throw_error(Code::internal, "start a SHA-1 digest: libcrypto refuses");
  }
  void add(std::string_view data) { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
  [[nodiscard]] std::string finish() { return hexadecimal(context_.get()); }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free};
};

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr ||
      EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) {
    throw_error(Code::internal, "start a SHA-256 digest: libcrypto refuses");
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(state_->context); }

void Sha256::add(std::string_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
}

std::string Sha256::finish() { return hexadecimal(state_->context); }

struct FileDigester::State {
  Sha1 sha1;
  Sha256 sha256;
};

FileDigester::FileDigester() : state_(std::make_unique<State>()) {}
FileDigester::~FileDigester() = default;

void FileDigester::add(std::string_view data) {
  state_->sha1.add(data);
  state_->sha256.add(data);
}

FileDigests FileDigester::finish() { return {state_->sha1.finish(), state_->sha256.finish()}; }

std::string sha1_of_text(std::string_view text) {
  Sha1 digest;
  digest.add(text);
  return digest.finish();
}

std::string sha256_of_text(std::string_view text) {
  Sha256 digest;
  digest.add(text);
  return digest.finish();
}

std::string sha256_of_file(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  Sha256 digest;
  std::vector<char> buffer(1U << 18);
  for (;;) {
    throw_if_interrupted();
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {}", path);
    if (count == 0) return digest.finish();
    digest.add({buffer.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace kata::pipeline
