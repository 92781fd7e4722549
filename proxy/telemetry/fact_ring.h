// FactRing: the last requests that one worker remembers, as plain values of a fixed size: who decides writes, nobody
// waits, the oldest gives way. Belongs to the worker's loop; others get copies (FactSlots), of which they make
// RequestFacts where they like. Nothing is cut: what does not fit is left out.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lib/api/request_fact.h"
#include "lib/base/error.h"

namespace heddle {
struct FactSlot {
  static constexpr size_t kTextBytes = 1992;  // of all texts together, with 6 bytes for each
  // What a text is.
  enum class Tag : uint8_t { kMethod, kHost, kPath, kPeer, kService, kRoute, kBackendSet, kPolicy, kHeader, kQuery };

  uint64_t ticket = 0;      // its number, from 1
  uint64_t stands_for = 0;  // requests since the one remembered before it, itself included
  Version version;
  uint64_t draw = 0;
  uint16_t port = 0;
  uint16_t used = 0;  // of text
  FactDirection direction = FactDirection::kOutbound;
  Reason reason = Reason::kNone;
  std::array<char, kTextBytes> text;  // NOLINT(*-member-init): only what was written is read

  // All or nothing. kYes, kNo: of fields whether the request had it, of secrets (Tag::kHeader) whether it was that.
  enum class Mark : uint8_t { kNo, kYes, kSecretNo, kSecretYes };
  bool append(Tag, std::string_view first, std::string_view second = {}, Mark = Mark::kYes) noexcept;
  // "HTTPRoute/default/hello#2", put together in place; without a number nothing follows the name.
  bool append_key(Tag, const ResourceKey&, std::string_view number = {}) noexcept;
};
static_assert(std::is_trivially_copyable_v<FactSlot>);

using FactSlots = std::vector<FactSlot>;
// But for what the whole sidecar has in common: namespace and, of outbound ones, the peer.
RequestFact fact_of(const FactSlot&);

class FactRing {
 public:
  // The kernel gives its pages when requests come, so that a quiet proxy does not hold 2 MB.
  explicit FactRing(size_t capacity);
  // The next slot, empty but for its ticket; the oldest one is gone.
  FactSlot& next() noexcept;
  // Takes back what next() gave last.
  void drop_last() noexcept;
  // nullptr: it is gone.
  FactSlot* find(uint64_t ticket) noexcept;
  FactSlots copy() const;  // the oldest first
  size_t capacity() const noexcept { return capacity_; }

 private:
  struct Raw {
    alignas(FactSlot) std::byte bytes[sizeof(FactSlot)];
  };
  Raw& raw_at(uint64_t ticket) const noexcept { return slots_[(ticket - 1) % capacity_]; }
  FactSlot& at(uint64_t ticket) const noexcept {
    return *std::launder(reinterpret_cast<FactSlot*>(raw_at(ticket).bytes));
  }
  const size_t capacity_;
  const std::unique_ptr<Raw[]> slots_;
  uint64_t first_ = 1;  // the oldest one that is there
  uint64_t next_ = 1;
};
}  // namespace heddle
