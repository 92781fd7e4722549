#include "control/watch/ahead_streams.h"

#include <utility>

namespace heddle {
void AheadStreams::begin(uint64_t id, const WatchHello& hello, MonoTime now, WallTime wall, Random& random) {
  Entry entry;
  entry.hello.version = hello.version;
  entry.hello.hash = hello.hash;
  entry.came = wall;
  entry.leaves = now + kLeaveFrom +
                 Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>((kLeaveTo - kLeaveFrom).count()))));
  entries_.insert_or_assign(id, std::move(entry));
}

AheadStreams::Verdict AheadStreams::judge(const Entry& entry, const Version& newest,
                                          const std::optional<JournalHealth>& health, MonoTime now) {
  if (!is_ahead(*entry.hello.version, newest)) return Verdict::kServe;
  if (!health) return Verdict::kServe;
  if (health->is_current && health->since - entry.came >= kCatchUp) return Verdict::kServe;
  return now >= entry.leaves && !entry.was_asked ? Verdict::kLeave : Verdict::kWait;
}

std::vector<AheadStreams::Due> AheadStreams::take(const Version& newest, const std::optional<JournalHealth>& health,
                                                  MonoTime now) {
  std::vector<Due> out;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Verdict verdict = judge(at->second, newest, health, now);
    auto here = at++;
    if (verdict == Verdict::kWait) continue;
    out.push_back({here->first, verdict, here->second.hello});
    here->second.was_asked = true;
    if (verdict == Verdict::kServe) entries_.erase(here);
  }
  return out;
}
}  // namespace heddle
