// UntrustedPeers: ends the connections of peers that nobody would let in any more, because the root that vouched for
// them was retired or their trust domain is not believed now. Told of each new bundle, it looks every second for a
// minute: connections are drained, kPerSecond of them or as many as the last one being told within kDrainWithin takes;
// what does not end by itself is aborted, the last within kWithin. Later looks catch handshakes that began before.
// Owns nothing; one per loop; the registries outlive it.
#pragma once
#include <vector>

#include "certs/trust_bundle.h"
#include "lib/base/deadline.h"
#include "lib/session/connection.h"

namespace heddle {
class UntrustedPeers {
 public:
  static constexpr size_t kPerSecond = 100;
  static constexpr Duration kDrainWithin = std::chrono::seconds(30);
  static constexpr Duration kAbortAfter = std::chrono::seconds(50);
  static constexpr Duration kWithin = std::chrono::seconds(60);

  UntrustedPeers(Scheduler& scheduler, std::vector<ConnectionRegistry*> registries)
      : scheduler_(scheduler), registries_(std::move(registries)) {}
  // Nothing happens when it holds the same roots as the one before.
  void use(std::shared_ptr<const TrustBundle>);

 private:
  static constexpr Duration kTurn = std::chrono::seconds(1);
  void on_turn();
  template <class F>
  void for_each_untrusted(F&& f);
  size_t share(size_t count, Duration until) const;

  Scheduler& scheduler_;
  std::vector<ConnectionRegistry*> registries_;
  std::shared_ptr<const TrustBundle> bundle_;
  MonoTime begun_at_;
  DeadlineOf<UntrustedPeers, &UntrustedPeers::on_turn> turn_{*this};
};
}  // namespace heddle
