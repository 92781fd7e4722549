// Flags<E>: a set of the enumerators of E, which are bit positions 0..31. Idempotent to set, printable. Pure value.
#pragma once
#include <cstdint>
#include <initializer_list>

namespace heddle {
template <class E>
class Flags {
 public:
  constexpr Flags() = default;
  constexpr Flags(std::initializer_list<E> all) {
    for (E e : all) set(e);
  }
  constexpr void set(E e) noexcept { bits_ |= bit(e); }
  constexpr void clear(E e) noexcept { bits_ &= ~bit(e); }
  constexpr bool has(E e) const noexcept { return (bits_ & bit(e)) != 0; }
  constexpr bool any() const noexcept { return bits_ != 0; }
  constexpr uint32_t bits() const noexcept { return bits_; }
  static constexpr Flags from_bits(uint32_t bits) {
    Flags f;
    f.bits_ = bits;
    return f;
  }
  constexpr bool operator==(const Flags&) const = default;

 private:
  static constexpr uint32_t bit(E e) { return 1U << static_cast<unsigned>(e); }
  uint32_t bits_ = 0;
};
}  // namespace heddle
