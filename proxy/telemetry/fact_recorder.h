// FactRecorder: chooses which requests of a worker are remembered, and writes what of them may be (request_fact.h).
// Chance decides, by a counter that is wound up anew for each: the draw may not, since it also chooses among weights,
// and a fixed step would always meet the same requests of a client that repeats itself. Fifteen of sixteen requests
// cost a decrement; the sixteenth a bounded walk over its head, without locks and allocations.
// Belongs to one worker's loop. A sidecar with `facts: off` has none.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/random.h"
#include "lib/http/head.h"
#include "lib/snapshot/kept_names.h"
#include "proxy/telemetry/fact_ring.h"

namespace heddle {
// What every request of a listener has in common; of the worker's loop.
struct FactOrigin {
  FactDirection direction = FactDirection::kOutbound;
  uint16_t port = 0;      // inbound: of the application
  std::string service{};  // of a listener for one service: its key text
  bool is_known = true;   // false: of a service that is not known yet; nothing is remembered
};

// A request as it was decided.
struct FactInput {
  const FactOrigin& origin;
  const RequestHead& head;
  std::string_view peer{};                   // inbound: SPIFFE id of the caller
  uint64_t draw = 0;                         // these of outbound ones
  const ResourceKey* route = nullptr;        // nullptr: none
  uint32_t rule = 0;                         // of the route
  const ResourceKey* backend_set = nullptr;  // nullptr: none
};

class FactRecorder {
 public:
  explicit FactRecorder(size_t capacity) : ring_(capacity), random_(system_random_), left_(wind()) {}
  FactRecorder(size_t capacity, Random& random) : ring_(capacity), random_(random), left_(wind()) {}
  // What decides from now on.
  void set_config(Version, std::shared_ptr<const KeptNames>) noexcept;

  // Asked once of every request.
  bool is_due() noexcept {
    ++since_;
    if (--left_ != 0) return false;
    left_ = wind();
    return true;
  }
  // After is_due() said so. The ticket for what follows; 0: it is not remembered, since it does not fit.
  uint64_t begin(const FactInput&) noexcept;
  // What became of it; nothing happens when the fact is gone. `number`: of the rule, or the cause's word.
  void finish(uint64_t ticket, Reason) noexcept;
  void note_policy(uint64_t ticket, const ResourceKey& policy, std::string_view number) noexcept;
  FactSlots copy() const { return ring_.copy(); }

 private:
  uint32_t wind() { return static_cast<uint32_t>(1 + random_.below(2 * kFactShare - 1)); }  // 16 in the mean
  void keep_header(FactSlot&, const HeaderMap&, std::string_view name) const noexcept;
  void keep_query(FactSlot&, std::string_view query, std::string_view name) const noexcept;
  void keep_secrets(FactSlot&, const HeaderMap&) const noexcept;

  FactRing ring_;
  SystemRandom system_random_;
  Random& random_;
  Version version_;
  std::shared_ptr<const KeptNames> names_;  // nullptr: no configuration yet
  uint64_t since_ = 0;                      // the last one that was remembered
  uint32_t left_;
};
}  // namespace heddle
