#include "lib/base/random.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>

namespace heddle {
uint64_t Random::below(uint64_t n) {
  if (n == 0) return 0;
  // Lemire's multiply-shift with rejection: unbiased, no division in the common case.
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * n;
  if (static_cast<uint64_t>(product) < n) {
    uint64_t threshold = (0 - n) % n;
    while (static_cast<uint64_t>(product) < threshold) product = static_cast<Wide>(next()) * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

Duration Random::jitter(Duration mean, double part) {
  double factor = 1.0 - part + 2.0 * part * unit();
  return Duration(static_cast<int64_t>(static_cast<double>(mean.count()) * factor));
}

SystemRandom::SystemRandom() : state_{} { secure_random(std::as_writable_bytes(std::span(state_))); }

uint64_t SystemRandom::next() {
  uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void secure_random(MutableBytes out) {
  while (!out.empty()) {
    ssize_t n = getrandom(out.data(), out.size(), 0);
    HEDDLE_CHECK(n > 0 || errno == EINTR);
    if (n > 0) out = out.subspan(static_cast<size_t>(n));
  }
}
}  // namespace heddle
