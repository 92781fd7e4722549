#include "control/app/kube_replicas.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
KubeReplicas::KubeReplicas(Parts parts, HttpServer& watch)
    : parts_(std::move(parts)),
      feed_({parts_.peers.loop, parts_.store, [this] { return is_leading_ && has_copy_; }, parts_.peers.self,
             parts_.log}),
      tries_(parts_.backend.ledger()),
      look_(parts_.peers.loop.timer([this] { look(); })) {
  feed_.serve_on(watch);
}

void KubeReplicas::start(const Address& own) {
  parts_.backend.join(own, [this] { on_lease(); });
  look_->arm(Duration(0));
}

void KubeReplicas::on_lease() {
  if (parts_.backend.leads()) return begin();
  parts_.backend.set_writes(false);
  if (std::exchange(is_leading_, false)) parts_.stop_translating();
}

void KubeReplicas::begin() {
  if (is_draining_ || is_leading_ || std::exchange(is_asking_, true)) return;
  follower_.reset();
  followed_.reset();
  tries_.run([this](LedgerTries::Sight) { return next_epoch(); },
             [this](const Result<void>& kept) {
               is_asking_ = false;
               on_epoch(kept);
             });
}

LedgerTries::Judged KubeReplicas::next_epoch() {
  HEDDLE_TRY(std::optional<std::string> last, parts_.backend.ledger().meta(kEpoch));
  uint64_t known = last ? parse_int<uint64_t>(*last).value_or(0) : 0;
  epoch_ = std::max(known, parts_.store.version().epoch) + 1;
  return LedgerChange{PutMeta{std::string(kEpoch), std::to_string(epoch_)}};
}

// The Lease may have gone while the ledger was asked; look() begins again where it failed.
void KubeReplicas::on_epoch(const Result<void>& kept) {
  if (!parts_.backend.leads() || is_draining_) return;
  if (!kept) {
    parts_.log.limited(LogLevel::kWarn, {"kube-epoch", 1}, "the next epoch could not be written; it is tried again",
                       {{"error", kept.error()}});
    return;
  }
  is_leading_ = true;
  parts_.backend.set_writes(true);
  parts_.backend.versions().begin_epoch(epoch_, parts_.store.view());
  parts_.log.info("begins an epoch", {{"version", parts_.store.version().text()}});
  parts_.translate();
  feed_.look();
}

void KubeReplicas::look() {
  look_->arm(kLook);
  if (is_draining_) return;
  if (parts_.backend.leads()) return begin();
  std::optional<Address> leader = parts_.backend.leader_address();
  if (leader == followed_) return;
  followed_ = leader;
  follower_.reset();
  if (!leader) return;
  parts_.log.info("follows the control plane that leads", {{"address", *leader}});
  MeshFollower::Parts parts{parts_.backend.versions(), [this] { parts_.backend.note_heard(); }, [this] { on_taken(); },
                            parts_.log};
  follower_ = std::make_unique<MeshFollower>(parts_.peers, *leader, std::move(parts));
}

void KubeReplicas::on_taken() {
  if (!std::exchange(has_copy_, true)) parts_.on_copy();
}

void KubeReplicas::on_translated() {
  if (!std::exchange(has_copy_, true)) parts_.on_copy();
  feed_.look();
}

void KubeReplicas::drain() {
  is_draining_ = true;
  follower_.reset();
  feed_.drain();
}
}  // namespace heddle
