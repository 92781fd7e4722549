// DestinationMemory: what the connections to one destination turned out to be, and how long the next one is waited for.
// In protocols like MySQL's or SMTP the server speaks first: their clients say nothing, and only time tells. Where that
// happened often enough in a row, the next silent client is taken for opaque TCP after a moment; a client that speaks
// HTTP takes that back. DetectionMemory holds one per listener of the bootstrap: a listener leads to one destination
// (the service of an outbound one, the application of an inbound one), so there are never more than listeners.
// Pure: no clock, no socket. All workers share it; every member is an atomic and none guards another: what two workers
// learn at once may cost one more wait, nothing else. Knows nothing of who may connect: that is asked of what is handed
// on, as ever.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "lib/base/clock.h"

namespace heddle {

// How the detection of one connection ended.
enum class Detection : uint8_t {
  kHttp1,
  kHttp2,
  kTcp,          // the client's first bytes are neither
  kTimeout,      // the detection time passed
  kGaveUp,       // the client said nothing and left, but not at once
  kServerFirst,  // nothing was said, as it was expected: taken for TCP after a moment
  kCount
};
std::string_view to_text(Detection) noexcept;  // "http1" ... "server-first"

class DestinationMemory {
 public:
  // Clients in a row that said nothing, until silence is expected.
  static constexpr uint32_t kSilentInARow = 2;
  // The same after a client that spoke HTTP: some open connections long before they use them.
  static constexpr uint32_t kSilentAfterHttp = 10;
  // A client that said nothing for so long and left was waiting for the server; a port scan does not wait.
  static constexpr Duration kGaveUpAfter = 1s;

  // What the last clients were like.
  enum class Known : uint8_t { kNothing, kHttp, kTcp, kServerFirst };

  void saw(Detection) noexcept;
  // The detection time passed without a byte. True: the connection may go on as opaque TCP; false where HTTP is spoken.
  bool saw_silence() noexcept;
  bool expects_silence() const noexcept { return silent_.load(kRelaxed) >= needed(); }
  Known known() const noexcept;
  uint64_t count(Detection what) const noexcept { return counts_[static_cast<size_t>(what)].load(kRelaxed); }
  // True once: who gets it writes the line of the log.
  bool take_turn_to_log() noexcept { return !logged_.exchange(true, kRelaxed); }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  enum class Voice : uint8_t { kNone, kHttp, kTcp };
  uint32_t needed() const noexcept { return voice_.load(kRelaxed) == Voice::kHttp ? kSilentAfterHttp : kSilentInARow; }
  void add_silent() noexcept;

  std::array<std::atomic<uint64_t>, static_cast<size_t>(Detection::kCount)> counts_{};
  std::atomic<uint32_t> silent_{0};  // in a row
  std::atomic<Voice> voice_{Voice::kNone};
  std::atomic<bool> logged_{false};
};
std::string_view to_text(DestinationMemory::Known) noexcept;  // "nothing", "http", "tcp", "server-first"

// Of a process; made before its workers, outlives them.
class DetectionMemory {
 public:
  explicit DetectionMemory(size_t listeners)
      : size_(listeners), destinations_(std::make_unique<DestinationMemory[]>(listeners)) {}
  // In the order of the settings.
  DestinationMemory& of(size_t listener) noexcept { return destinations_[listener]; }
  std::span<const DestinationMemory> all() const noexcept { return {destinations_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<DestinationMemory[]> destinations_;
};
}  // namespace heddle
