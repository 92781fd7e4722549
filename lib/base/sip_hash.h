// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash that says the same in every process and on every machine. With a
// secret key nobody else can make texts collide; with a known one it is a good hash of short texts. Pure.
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
