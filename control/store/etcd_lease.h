// EtcdLease: takes part in the election of one leader among the control planes, for as long as it lives (CA rotation,
// rollouts: docs/adr/0023-etcd-store.md). What decides is EtcdLeaseState; this asks etcd and tells. Ended in order it
// resigns: another one leads at once instead of after the time to live. Control loop.
#pragma once
#include "control/store/etcd_client.h"
#include "control/store/etcd_lease_state.h"
#include "lib/base/random.h"

namespace heddle {
class EtcdLease {
 public:
  using OnChange = UniqueFunction<void(bool leads)>;
  struct Options {
    std::string key;   // "<prefix>leader/<name>"
    std::string self;  // who we are, for people: other candidates show it
    EtcdLeaseState::Options times{};
  };
  // Calls on_change from the loop, never inside a call, each time is_leader() has changed.
  EtcdLease(EtcdClient&, Random&, Options, OnChange);
  ~EtcdLease();

  bool is_leader() const { return state_.is_leader(client_.loop().now()); }
  // Who leads, as last seen; empty: nobody, or we do.
  const std::string& leader() const noexcept { return state_.leader(); }
  // For every write of the leader: it takes effect only while we lead. Nothing: we do not.
  std::optional<EtcdCompare> fence() const;
  // Gives the lease back. `done` runs once etcd confirmed or did not answer; on_change(false) comes before.
  [[nodiscard]] Pending resign(Task done);

 private:
  void step();
  void grant(MonoTime sent);
  void keep_alive(MonoTime sent);
  void campaign();
  void take(const EtcdTransactionAnswer&);
  void after_answer();
  EtcdClient& client_;
  Options options_;
  std::string mark_;  // the key's value when it is ours
  OnChange on_change_;
  EtcdLeaseState state_;
  bool told_ = false;  // what on_change was last called with
  bool has_resigned_ = false;
  bool is_asking_ = false;
  Pending call_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
