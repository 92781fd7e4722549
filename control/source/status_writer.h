// StatusWriter: conditions of routes and policies into the cluster (StatusPlan), and problems of Services, which have
// no conditions of ours, as Events (ObjectEvents). Looks when the source has caught up, and each kLook for how many
// sidecars have what. Writes only while it may: of several control planes one does. A kind that the API server does not
// let us write is logged once and tried again each kAgain; nothing else waits for it. Control loop; owned by
// ClusterPart, must not outlive the source.
#pragma once
#include "control/cluster/object_events.h"
#include "control/cluster/status_plan.h"
#include "control/source/kube_source.h"

namespace heddle {
class StatusWriter final : private KubeSource::Observer {
 public:
  static constexpr Duration kLook = 1s;
  static constexpr Duration kSoon = 300ms;  // after a version
  static constexpr Duration kPump = 100ms;  // while something waits
  static constexpr Duration kAgain = 1min;
  // Of a resource as it is stored: whether it is live; nothing: that is not known.
  using Programmed = std::function<std::optional<ObjectCondition>(const StoredResource&)>;
  struct Parts {
    KubeClient& client;
    KubeSource& source;
    Store& store;
    Loop& loop;
    std::function<Programmed()> programmed;  // what is known now: good for one look
    std::function<bool()> may_write;
    Logger log;
  };
  struct Counts {
    uint64_t done = 0;
    uint64_t conflicts = 0;
    uint64_t refused = 0;
    uint64_t failed = 0;
    uint64_t events = 0;
  };
  explicit StatusWriter(Parts);
  ~StatusWriter();

  const Counts& counts() const noexcept { return counts_; }
  size_t waiting() const noexcept { return plan_.waiting(); }
  // Of a kind, as last judged.
  size_t accepted(Kind) const;
  size_t refused(Kind) const;

 private:
  using ProblemsOf = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;  // by object
  void on_object(const ResourceKey& key) override;
  void on_current() override;
  void look();
  void judge(const ResourceKey&, const ProblemsOf&, const Programmed&);
  void pump_soon();
  void pump();
  void write(StatusPlan::Write);
  void on_answer(const ResourceKey&, const KubeAnswer&);
  StatusPlan::Outcome outcome_of(const ResourceKey&, const KubeStatus&);
  void tell_once(Kind, const KubeStatus&);
  void send_event();
  void try_again();

  Parts parts_;
  StatusPlan plan_;
  ObjectEvents events_;
  Counts counts_;
  std::map<Kind, std::pair<size_t, size_t>> judged_;  // accepted, refused
  std::map<ResourceKey, Pending> calls_;
  Pending event_call_;
  std::set<Kind> told_;  // that something is refused: once
  std::set<Kind> off_;   // not to be written now
  bool will_pump_ = false;
  bool will_look_ = false;  // soon
  bool may_write_events_ = true;
  bool did_write_ = false;
  MonoTime again_at_;
  std::unique_ptr<Timer> look_timer_;
  std::unique_ptr<Timer> pump_timer_;
};
}  // namespace heddle
