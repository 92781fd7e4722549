// SHA-256 of bytes, whole or in pieces. Pure; never fails (aborts if the library cannot hash at all).
#pragma once
#include <array>
#include <memory>

#include "lib/base/bytes.h"

namespace heddle {
using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest sha256(Bytes);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(Bytes);
  Sha256Digest finish();  // once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};
}  // namespace heddle
