// SPDX-License-Identifier: Apache-2.0
//
// SHA-256: the name of every input and output of the build.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kata::pipeline {

/// SHA-256 of text that arrives in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view data);
  /// The digest as 64 hexadecimal digits; the object is spent.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Both digests of a file that SPDX asks for.
struct FileDigests {
  std::string sha1;
  std::string sha256;
};

class FileDigester {
 public:
  FileDigester();
  ~FileDigester();
  FileDigester(const FileDigester&) = delete;
  FileDigester& operator=(const FileDigester&) = delete;
  void add(std::string_view data);
  /// The digests; the object is spent.
  [[nodiscard]] FileDigests finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-1, which SPDX builds its verification codes of; never for trust.
[[nodiscard]] std::string sha1_of_text(std::string_view text);
[[nodiscard]] std::string sha256_of_text(std::string_view text);
/// Throws Error that names the path; stops when the build is interrupted.
[[nodiscard]] std::string sha256_of_file(const std::string& path);

}  // namespace kata::pipeline
