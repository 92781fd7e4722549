#include "proxy/app/memory_watch.h"

#include <utility>

#include "lib/base/memory.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {
MemoryWatch::MemoryWatch(Registry& registry, Inputs inputs)
    : in_(std::move(inputs)), judge_(in_.limit), metrics_(registry), timer_(in_.scheduler.timer([this] { look(); })) {
  metrics_.limit.set(static_cast<int64_t>(in_.limit));
  timer_->arm(kEvery);
}

// The allocator keeps what was freed: what counts against the limit is given back first, again and again, or a peak
// that is over would look like one that lasts.
void MemoryWatch::look() {
  timer_->arm(kEvery);
  Pressure before = judge_.level();
  size_t used = in_.used();
  if (judge_.judge(used) != Pressure::kNone) {
    give_back_free_memory();
    used = in_.used();
    judge_.judge(used);
  }
  if (judge_.level() == before) return;
  metrics_.pressure.set(static_cast<int64_t>(judge_.level()));
  LogFields fields = {{"level", to_text(judge_.level())}, {"used", used}, {"limit", in_.limit}};
  judge_.level() == Pressure::kNone ? in_.log.info("memory pressure is over", fields)
                                    : in_.log.warn("memory pressure", fields);
  in_.on_change(judge_.level());
}
}  // namespace heddle
