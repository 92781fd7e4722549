// The rig of rollouts with several control planes: two keepers on one document, of which each write takes time and may
// fail.
#pragma once
#include "control/plan/rollout_keeper.h"
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
inline Envelope route_to(std::string_view set) {
  return envelope(str_cat(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"default"},)",
      R"("spec":{"parentRefs":[{"group":"","kind":"Service","name":"a"}],"rules":[{"backendRefs":[)",
      R"({"group":"heddle.dev","kind":"BackendSet","name":")", set, R"("}]}]}})"));
}

struct Turns final : Leadership {
  bool is_mine = false;
  bool leads() const override { return is_mine; }
  void set_on_change(Task) override {}
};

// What a write says takes effect only on top of what its writer knew, as a transaction of etcd.
class SharedDocument {
 public:
  size_t join() {
    known_.emplace_back();
    keepers_.push_back(nullptr);
    return known_.size() - 1;
  }
  void tell_to(size_t replica, RolloutKeeper& keeper) { keepers_[replica] = &keeper; }
  RolloutRecord::Save save_of(size_t replica) {
    return [this, replica](std::string state, Ledger::Done done) -> Pending {
      ++writes;
      sent_.push_back({replica, known_[replica], std::move(state), std::move(done)});
      return nullptr;
    };
  }
  // A write takes effect, or does not; it is not answered yet.
  void keep(size_t which = 0) {
    Sent& write = sent_.at(which);
    write.is_decided = true;
    if (write.base != text) {
      write.result = make_error(Reason::kConflict, "another one was faster");
      return;
    }
    text = known_[write.replica] = write.state;
  }
  void answer() {
    if (!sent_.front().is_decided) keep();
    Sent write = std::move(sent_.front());
    sent_.pop_front();
    write.done(std::move(write.result));
  }
  // Nobody knows whether it was kept; what was is observed as if another one had written it.
  void lose_answer() {
    Sent write = std::move(sent_.front());
    sent_.pop_front();
    known_[write.replica] = "?";
    write.done(make_error(Reason::kUnavailable, "no answer"));
  }
  void tell() {
    for (size_t i = 0; i < known_.size(); ++i) {
      if (known_[i] == text || keepers_[i] == nullptr) continue;
      known_[i] = text;
      keepers_[i]->on_saved_elsewhere(text);
    }
  }
  void settle() {
    while (!sent_.empty()) {
      answer();
      tell();
    }
    tell();
  }
  size_t waiting() const { return sent_.size(); }

  std::string text;
  size_t writes = 0;

 private:
  struct Sent {
    size_t replica;
    std::string base;
    std::string state;
    Ledger::Done done;
    Result<void> result{};
    bool is_decided = false;
  };
  std::deque<Sent> sent_;
  std::vector<std::string> known_;
  std::vector<RolloutKeeper*> keepers_;
};

class RolloutReplicasTest : public WatchHubTest {
 protected:
  struct Replica {
    Turns leadership;
    std::unique_ptr<RolloutKeeper> keeper;
    std::vector<std::string> audited;
    RolloutPhase phase() const { return keeper->state()->phase(); }
  };
  // What somebody asked for.
  struct Answer {
    std::optional<Result<void>> result;
    Ledger::Done done() {
      return [this](Result<void> kept) { result = std::move(kept); };
    }
    bool is_kept() const { return result && result->has_value(); }
    Reason why() const { return result && !*result ? result->error().reason : Reason::kNone; }
  };
  RolloutReplicasTest() {
    for (Replica* one : {&first_, &second_}) make_keeper(*one);
    first_.leadership.is_mine = true;
    hub_->set_staged(first_.keeper.get());
    for (WatchingSidecar* one : {&sidecar_, &other_}) {
      one->wants_ = {service_key("a")};
      one->start(*hub_);
    }
    settle();
  }
  ~RolloutReplicasTest() override { hub_->set_staged(nullptr); }
  void make_keeper(Replica& replica) {
    size_t id = document_.join();
    replica.keeper = std::make_unique<RolloutKeeper>(
        RolloutKeeper::Parts{*store_.store, registry_, scheduler_, replica.leadership,
                             [](const View&) { return Result<void>(); }, document_.save_of(id),
                             [this, &replica] {
                               if (&replica == &first_) hub_->on_staged_changed();
                             },
                             [&replica](std::string_view type, std::string_view, const Result<void>&) {
                               replica.audited.emplace_back(type);
                             }});
    document_.tell_to(id, *replica.keeper);
  }
  void settle() {
    for (WatchingSidecar* one : {&sidecar_, &other_}) one->settle(*hub_);
  }
  void run(Duration by) {
    scheduler_.advance(by);
    document_.settle();
    store_.clock.advance(Duration(0));
    document_.settle();
    scheduler_.advance(1ms);
    settle();
  }
  void look() { run(RolloutKeeper::kLookEvery); }
  void begin(Replica& replica, Answer& answer) {
    RolloutSpec spec;
    for (std::string_view text : {"node=n1", "node=n2", "100%"}) spec.stages.push_back(*parse_stage(text));
    replica.keeper->start(std::move(spec), {{PutOperation{route_to("b")}}, "me"}, answer.done());
  }
  void start() {
    Answer answer;
    begin(first_, answer);
    document_.settle();
    ASSERT_TRUE(answer.is_kept());
    run(1ms);
  }
  void step(Replica& replica, RolloutStep step) {
    Answer answer;
    replica.keeper->step(step, "me", answer.done());
    document_.settle();
    ASSERT_TRUE(answer.is_kept());
  }
  // Of 100 requests in 5 s, so many fail at the one with the change.
  void report(uint64_t errors) {
    ++reports_;
    for (WatchingSidecar* one : {&sidecar_, &other_}) {
      SidecarTraffic seen;
      seen.outbound.requests = 100 * reports_;
      seen.outbound.errors = one == &sidecar_ ? errors * reports_ : 0;
      hub_->on_message(*one->subscriber_, WatchReport{to_counters(seen), 0s});
    }
  }
  void traffic(Duration time, uint64_t errors) {
    for (Duration passed{}; passed < time; passed += 5s) {
      report(errors);
      for (int i = 0; i < 5; ++i) look();
    }
  }
  // Enough to be rolled back, while nothing that is written is answered.
  void bad_traffic_unanswered() {
    for (int i = 0; i < 6; ++i) {
      report(40);
      scheduler_.advance(5s);
      settle();
    }
  }
  void hand_over() {
    first_.leadership.is_mine = false;
    second_.leadership.is_mine = true;
  }
  void expect_both(RolloutPhase phase) {
    EXPECT_EQ(to_text(first_.phase()), to_text(phase));
    EXPECT_EQ(to_text(second_.phase()), to_text(phase));
  }

  WatchingSidecar other_{"n2"};
  SharedDocument document_;
  Replica first_;
  Replica second_;
  uint64_t reports_ = 0;
};
}  // namespace heddle
