// Revoker: what a listener let in once and would go on without asking again: TCP tunnels, upgraded connections, streams
// that live long. When policy changes they are judged again; whose verdict turned to deny is ended, one after the
// other: kPerSecond of them, the last within kWithin; unless the policy has changed its mind by then. Owns nothing; one
// per listener and worker, belongs to its loop, outlives what it watches.
#pragma once
#include "lib/base/deadline.h"
#include "lib/base/intrusive_list.h"

namespace heddle {
class Revocable : public ListNode<Revocable> {
 public:
  virtual bool is_admitted() const = 0;
  virtual void revoke() = 0;  // from the loop, once; it is not watched any more

 protected:
  ~Revocable() = default;
};

class Revoker {
 public:
  static constexpr size_t kPerSecond = 100;
  static constexpr Duration kWithin = std::chrono::seconds(60);
  explicit Revoker(Scheduler& scheduler) : scheduler_(scheduler) {}
  // Until it is unlinked. It is judged at once: policy may have changed between its admission and now.
  void watch(Revocable&);
  void reauthorize();

 private:
  static constexpr Duration kTurn = Duration(std::chrono::seconds(1)) / static_cast<int64_t>(kPerSecond);
  static constexpr size_t kTurns = static_cast<size_t>(kWithin / kTurn);
  void on_turn();
  void begin(size_t count);

  Scheduler& scheduler_;
  IntrusiveList<Revocable> admitted_;
  IntrusiveList<Revocable> denied_;
  MonoTime begun_at_;
  size_t per_turn_ = 1;
  size_t taken_ = 0;  // of denied_ since then
  DeadlineOf<Revoker, &Revoker::on_turn> turn_{*this};
};
}  // namespace heddle
