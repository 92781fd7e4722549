// RolloutRecord: the document of the rollout, which all control planes share: one write of ours at a time, in the order
// in which they were asked for. What a write says is made when its turn comes, of what is known then; it counts when it
// is durable. Control loop. Limits: kMaxWaiting.
#pragma once
#include <deque>
#include <functional>

#include "control/plan/rollout_state.h"
#include "control/store/ledger.h"

namespace heddle {
class RolloutRecord {
 public:
  static constexpr size_t kMaxWaiting = 16;
  // Ledger::commit of the document: kConflict when another control plane wrote it first, kUnavailable when nobody
  // knows. May call `done` inside.
  using Save = std::function<Pending(std::string state, Ledger::Done)>;
  using Make = UniqueFunction<Result<RolloutState>()>;
  // `on_kept`: what is durable now; before the `done` of its write.
  RolloutRecord(Save save, std::function<void(RolloutState)> on_kept)
      : save_(std::move(save)), on_kept_(std::move(on_kept)) {}
  RolloutRecord(const RolloutRecord&) = delete;
  RolloutRecord& operator=(const RolloutRecord&) = delete;

  // Waits for its turn; kOverload behind kMaxWaiting others. May call `done` inside.
  void ask(Make make, Ledger::Done done);
  // What nobody asked for: not while is_busy().
  void write(RolloutState next, Ledger::Done done);
  bool is_busy() const noexcept { return is_turning_ || current_ || !waiting_.empty(); }
  // The document as it was read, at the start or because another control plane wrote it. False: that is what was kept
  // last. What we are writing is older than this, should it have been kept.
  bool learn(std::string_view saved);
  uint64_t failures() const noexcept { return failures_; }  // but for conflicts

 private:
  struct Ask {
    Make make;
    Ledger::Done done;
  };
  struct Write {
    RolloutState next;
    std::string json;
    Ledger::Done done;
    bool is_overtaken = false;
  };
  void turn();
  void begin(Ask);
  void send(RolloutState next, Ledger::Done done);
  void on_saved(Result<void> saved);

  Save save_;
  std::function<void(RolloutState)> on_kept_;
  std::string known_;
  std::deque<Ask> waiting_;
  std::optional<Write> current_;
  bool is_turning_ = false;  // a save may be answered inside
  Pending token_;
  uint64_t failures_ = 0;
};
}  // namespace heddle
