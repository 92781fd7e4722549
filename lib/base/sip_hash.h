// SipHash-2-4 (Aumasson, Bernstein 2012): a hash of texts that callers choose, keyed by a secret, so that nobody can
// choose texts that meet. Pure, allocation-free.
#pragma once
#include <cstdint>
#include <string_view>

namespace heddle {
struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
  static SipKey secret();  // from the kernel
};
uint64_t sip_hash(const SipKey&, std::string_view) noexcept;
}  // namespace heddle
