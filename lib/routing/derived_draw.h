// derived_draw(): from the one draw of a request as many as are asked for, which know nothing of each other nor of the
// choice of the backend; the same draw always gives the same ones, so that a recorded request replays alike. Pure.
#pragma once
#include <cstdint>

namespace heddle {
// What a draw is for; of mirrors the first one, and the next numbers are the next mirrors'.
enum class DrawFor : uint64_t { kDelay = 0x64656c6179, kAbort = 0x61626f7274, kMirror = 0x6d6972726f7200 };

// SplitMix64's finisher.
inline uint64_t derived_draw(uint64_t draw, DrawFor purpose, uint64_t number = 0) noexcept {
  uint64_t x = draw + (static_cast<uint64_t>(purpose) + number) * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
}  // namespace heddle
