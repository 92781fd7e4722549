// KubeLease: Leadership by a Lease of the Kubernetes API (KubeLeaseState with a KubeClient). Control loop.
#pragma once
#include "control/kube/kube_client.h"
#include "control/kube/kube_lease_state.h"
#include "control/store/leadership.h"

namespace heddle {
class KubeLease final : public Leadership {
 public:
  // Takes part from now on.
  KubeLease(KubeClient&, Random&, KubeLeaseState::Options);
  ~KubeLease() override;
  bool leads() const override { return state_.is_leader(client_.loop().now()); }
  void set_on_change(Task on_change) override { on_change_ = std::move(on_change); }
  // Of the leader, while we are it; the next one's is greater.
  std::optional<int64_t> term() const { return state_.term(client_.loop().now()); }
  // Who holds the Lease, as last seen; empty: nobody is known to.
  const std::string& leader() const noexcept { return state_.holder(); }
  // Why the last request failed, if it did.
  const std::optional<Error>& trouble() const noexcept { return trouble_; }
  // For good: another one may lead at once. `done` runs once the server confirmed or did not answer within 5 s; the
  // change is told before.
  [[nodiscard]] Pending resign(Task done);

 private:
  void step();
  void tell();
  void get();
  void write(bool creates);
  void after_answer(const KubeAnswer&);
  KubeRequest request(std::string method, std::string body) const;
  KubeClient& client_;
  KubeLeaseState::Options options_;
  KubeLeaseState state_;
  Task on_change_;
  std::optional<Error> trouble_;
  bool told_ = false;  // what on_change_ was last called for
  bool is_asking_ = false;
  bool has_resigned_ = false;
  Pending call_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
