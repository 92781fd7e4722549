// LoopGuard: ends requests that go round in circles (RFC 9110 §7.6.3; reliability rule H16). Each time this
// proxy sends a request where no sidecar answers it adds one field `heddle-via: <id>`; a request that carries five of
// ours is answered with 508. Between two sidecars nothing is marked: the second one sends the request on in plaintext,
// so it is in every circle the first is in. Pure but for the head it is given; one per worker, all workers of a process
// with the same id.
//
// Not `via` itself: applications react to that one (nginx sends nothing compressed to a request that has it), and its
// pseudonyms would tell the names of pods to whoever is asked. The id is chance and means nothing to others. It goes to
// the application, too: one that forwards its requests, fields and all, may be part of the circle.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "lib/base/result.h"
#include "lib/http/head.h"

namespace heddle {
class LoopGuard {
 public:
  static constexpr size_t kMostPasses = 5;
  explicit LoopGuard(uint64_t proxy_id) noexcept;
  // kLoopDetected at the sixth time.
  Result<void> check(const HeaderMap&) const;
  void mark(HeaderMap&) const;
  std::string_view id() const noexcept { return {id_.data(), id_.size()}; }

 private:
  std::array<char, 16> id_;  // hexadecimal
};
}  // namespace heddle
