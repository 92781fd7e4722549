#include "lib/base/sip_hash.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "lib/base/random.h"

namespace heddle {
namespace {
struct State {
  uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

static_assert(std::endian::native == std::endian::little);  // as words are read

// Of less than eight bytes.
uint64_t last_word_of(std::string_view bytes) noexcept {
  uint64_t out = 0;
  for (size_t i = 0; i < bytes.size(); ++i) out |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return out;
}
}  // namespace

SipKey SipKey::secret() {
  std::array<std::byte, sizeof(SipKey)> bytes{};
  secure_random(bytes);
  SipKey out;
  std::memcpy(&out, bytes.data(), sizeof(out));
  return out;
}

uint64_t sip_hash(const SipKey& key, std::string_view text) noexcept {
  State state{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
              key.k1 ^ 0x7465646279746573};
  uint64_t last = uint64_t{text.size() & 0xff} << 56;
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    state.take(word);
  }
  state.take(last | last_word_of(text));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
}  // namespace heddle
