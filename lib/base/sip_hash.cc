#include "lib/base/sip_hash.h"

#include <bit>
#include <cstddef>

namespace heddle {
namespace {
struct SipState {
  uint64_t a;
  uint64_t b;
  uint64_t c;
  uint64_t d;

  void round() noexcept {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void take(uint64_t word) noexcept {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

uint64_t word_of(std::string_view bytes) noexcept {  // little endian, at most 8
  uint64_t out = 0;
  for (size_t i = 0; i < bytes.size(); ++i) out |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return out;
}
}  // namespace

uint64_t sip_hash(SipKey key, std::string_view text) noexcept {
  SipState state{0x736f6d6570736575U ^ key.low, 0x646f72616e646f6dU ^ key.high, 0x6c7967656e657261U ^ key.low,
                 0x7465646279746573U ^ key.high};
  constexpr size_t kWord = 8;
  uint64_t length = uint64_t{text.size()} << 56;
  for (; text.size() >= kWord; text.remove_prefix(kWord)) state.take(word_of(text.substr(0, kWord)));
  state.take(length | word_of(text));
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}
}  // namespace heddle
