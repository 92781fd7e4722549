#include "proxy/app/short_sets.h"

#include "lib/config/unresolved.h"

namespace heddle {
void leave_if_short(const WorkerSnapshot& worker, uint64_t draw, Decision& decision, bool is_traffic) {
  BackendSetId drawn = decision.backends->id;
  BackendSet& set = *worker.backend_sets[drawn.value()];
  if (set.is_usable()) return;
  const BackendChoice& choice = decision.rule->backends;
  auto is_wanted = [&](BackendSetId id) {
    return id != drawn && id != kNoBackendSet && worker.backend_sets[id.value()]->is_usable();
  };
  std::optional<size_t> number = choice.number_among(draw, is_wanted);
  if (!number) return;
  if (is_traffic) set.count_left();
  decision.instead = static_cast<uint8_t>(*number);
  decision.backends = worker.snapshot->backend_set(choice.at(*number));
}
}  // namespace heddle
