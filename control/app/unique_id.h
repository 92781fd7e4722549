// unique_id: 128 random bits as text, for what must never be taken for another. Pure.
#pragma once
#include <span>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/random.h"

namespace heddle {
inline std::string unique_id(Random& random) {
  uint64_t words[2] = {random.next(), random.next()};
  return to_hex(std::as_bytes(std::span(words)));
}
}  // namespace heddle
