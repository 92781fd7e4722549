// ReadIndex: linearizable reads of a copy (docs/adr/0025-replicas.md). A reader waits until it is confirmed that the
// copy has everything that was acknowledged to anybody before the reader came. A confirmation serves all who came
// before it was asked for: one is under way, and whoever comes meanwhile shares the next. Who is not confirmed within
// kPatience is told since when the copy may be old. Knows nothing of etcd. Control loop; its tokens may outlive it.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/base/result.h"

namespace heddle {
class ReadIndex {
 public:
  static constexpr Duration kPatience = 2s;
  // What a reader sees from now on.
  struct Sight {
    std::optional<WallTime> since{};  // it may be old: it was the newest until then; nothing: it is
    std::string problem{};            // why, where it may be old
  };
  using Done = UniqueFunction<void(const Sight&)>;
  using Confirmed = UniqueFunction<void(Result<void>)>;
  // Succeeds when the copy has all that was acknowledged before the call; never inside it.
  using Confirm = UniqueFunction<Pending(Confirmed)>;
  // When something else than a reader last found the copy to be the newest.
  using LastCurrent = std::function<WallTime()>;
  ReadIndex(Scheduler&, Confirm, LastCurrent);
  ~ReadIndex();

  // `done` runs once, never inside; it may destroy the token, and come again. Destroying the token keeps it silent.
  [[nodiscard]] Pending read(Done done);

 private:
  struct Reader;
  class Token;
  using Readers = std::list<std::shared_ptr<Reader>>;
  void ask();
  void on_confirmed(Result<void>);
  void on_late();
  void arm();
  Sight old(std::string problem) const;
  static void tell(const Readers&, const Sight&);
  static void take_late(Readers& from, MonoTime now, Readers& to);

  Scheduler& scheduler_;
  Confirm confirm_;
  LastCurrent last_current_;
  Readers asked_;  // wait for the confirmation that is under way, the first that came in front
  Readers next_;   // came later
  bool is_asking_ = false;
  WallTime asked_at_;
  WallTime confirmed_;  // the copy had all that was there then
  Pending call_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
