// KubeLeaseState: who of several leads, by a Lease of coordination.k8s.io/v1 (client-go's leader election, in its
// times). A candidate waits until the record has not changed for leaseDurationSeconds on its own monotonic clock,
// counted from when it saw it; nobody compares another machine's wall clock. Leadership is believed only until the last
// renewal that the server confirmed was *sent*, plus the renew deadline, which is shorter than the lease: so no two
// believe at the same moment that they lead. Pure: says what to ask next, and is told the answers.
#pragma once
#include <optional>
#include <string>

#include "control/kube/kube_status.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"

namespace heddle {
class KubeLeaseState {
 public:
  struct Options {
    std::string namespace_name;
    std::string name;
    std::string self;      // holderIdentity: of this process and no other
    Duration lease = 15s;  // whole seconds; lease > renew > retry * 1.2
    Duration renew = 10s;  // without a confirmed renewal for so long: no leader any more
    Duration retry = 2s;   // between renewals; candidates ask after once to 2.2 times this
  };
  enum class Step : uint8_t {
    kWait,    // until wake_at()
    kGet,     // the Lease
    kCreate,  // POST body()
    kUpdate,  // PUT body(), to take it or to renew it
  };
  KubeLeaseState(Random& random, Options options) : random_(random), options_(std::move(options)) {}

  Step next(MonoTime now) const;
  // When next() or is_leader() changes without an answer.
  MonoTime wake_at(MonoTime now) const;
  // The object of kCreate and kUpdate; `wall` is for people alone.
  JsonValue body(WallTime wall) const;
  // To give it back: another one may lead at once.
  JsonValue released_body(WallTime wall) const;

  // Answers. on_written: of kCreate or kUpdate, asked at `sent`.
  void on_found(MonoTime now, const KubeAnswer&);
  void on_written(MonoTime sent, MonoTime now, const KubeAnswer&);
  // Released, or about to be: leads no more.
  void resign() { valid_until_.reset(); }

  bool is_leader(MonoTime now) const { return valid_until_ && now < *valid_until_; }
  // leaseTransitions while we lead: grows from leader to leader.
  std::optional<int64_t> term(MonoTime now) const;
  // Who holds it, as last seen; may be us or empty.
  const std::string& holder() const noexcept { return holder_; }

 private:
  bool is_mine() const { return holder_ == options_.self; }
  bool may_take(MonoTime now) const;
  bool observe(MonoTime now, const JsonValue& lease);
  void ask_later(MonoTime now);
  JsonValue with_spec(std::string_view holder, int64_t seconds, std::string_view renew_time, std::string_view acquired,
                      int64_t transitions) const;

  Random& random_;
  Options options_;
  bool is_known_ = false;  // the server has been asked
  JsonValue lease_;        // as last seen; null: there is none
  std::string record_;     // its spec, as text
  std::string holder_;
  std::string acquired_;
  Duration duration_{};  // its leaseDurationSeconds
  int64_t transitions_ = 0;
  MonoTime observed_at_;  // when record_ was seen first
  MonoTime ask_at_;
  std::optional<MonoTime> valid_until_;
};
}  // namespace heddle
