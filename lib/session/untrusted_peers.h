// UntrustedPeers: ends the connections of peers that nobody would let in any more, because the root that vouched for
// them was retired or their trust domain is not believed now, whoever opened them. Told of each new bundle, it marks
// them at once and looks every second for a minute, so that handshakes that began before are found, and as long as
// anybody is marked. Each has a minute of its own since it was found, whatever changes meanwhile: drained, kPerSecond
// of them or as many as the last one being told within kDrainWithin takes; what does not end by itself is aborted,
// within kWithin. A root that comes back saves who was not told yet: who was has begun to go.
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
  // Nothing happens when it holds the same roots as the one before. Null: the one before stays.
  void use(std::shared_ptr<const TrustBundle>);

 private:
  static constexpr Duration kTurn = std::chrono::seconds(1);
  class Share;
  void on_turn();
  void look();
  bool is_due(const Connection&) const;
  template <class F>
  void for_each(F&& f);

  Scheduler& scheduler_;
  std::vector<ConnectionRegistry*> registries_;
  std::shared_ptr<const TrustBundle> bundle_;
  MonoTime changed_at_;
  DeadlineOf<UntrustedPeers, &UntrustedPeers::on_turn> turn_{*this};
};
}  // namespace heddle
