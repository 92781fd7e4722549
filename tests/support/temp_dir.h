// TempDir: a private directory that disappears with its owner.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "lib/base/assert.h"
#include "lib/base/file.h"

namespace heddle {
class TempDir {
 public:
  TempDir() {
    path_ = (std::filesystem::temp_directory_path() / "heddle-test-XXXXXX").string();
    HEDDLE_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, std::string_view content, mode_t mode = kPrivateFile) const {
    std::string file = *this / name;
    HEDDLE_CHECK(atomic_write(file, content, mode).has_value());
    return file;
  }

 private:
  std::string path_;
};
}  // namespace heddle
