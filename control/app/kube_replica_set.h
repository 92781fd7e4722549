// KubeReplicaSet: who the control planes are that share a cluster: each keeps a Lease (KubeMembersState) in the
// namespace of its service account, and looks at those of the others. Control loop; must not outlive the client.
#pragma once
#include "control/kube/kube_client.h"
#include "control/kube/kube_members_state.h"
#include "control/replicas/replica_source.h"
#include "lib/base/log.h"

namespace heddle {
class KubeReplicaSet final : public ReplicaSource {
 public:
  static constexpr Duration kAnswer = 5s;  // without it by then the next question is asked
  static constexpr Duration kResign = 2s;  // less than the drain of the process
  struct Parts {
    KubeClient& client;
    std::string namespace_name;
    std::string mesh;
    ReplicaRecord own;
    Logger log;
    Duration lease = 15s;  // as KubeMembersState::Options
    Duration look = 3s;
    int forgotten = 20;
  };
  explicit KubeReplicaSet(Parts);
  ~KubeReplicaSet() override;
  const std::vector<ReplicaRecord>& others() const override { return others_; }
  // And they can know us.
  bool is_loaded() const override { return state_.is_loaded() && was_kept_; }
  std::string_view place() const override { return "the API server"; }
  std::optional<Error> trouble() const override { return write_trouble_ ? write_trouble_ : look_trouble_; }
  void set_on_change(Task on_change) override { on_change_ = std::move(on_change); }
  void look_soon() override;
  [[nodiscard]] Pending resign(Task done) override;

 private:
  KubeRequest request(std::string method, std::string_view name) const;
  void step();
  void write();
  void on_written(const KubeAnswer&);
  void look();
  void on_list(MonoTime sent, const KubeAnswer&);
  void remove();
  void tell();
  Parts parts_;
  KubeMembersState state_;
  Task on_change_;
  std::vector<ReplicaRecord> others_;
  std::optional<Error> write_trouble_;
  std::optional<Error> look_trouble_;
  bool was_kept_ = false;  // once
  bool is_writing_ = false;
  bool is_looking_ = false;
  bool is_removing_ = false;
  bool has_resigned_ = false;
  Pending writing_;
  Pending looking_;
  Pending removing_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
