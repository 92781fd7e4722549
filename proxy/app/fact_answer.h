// What a sidecar remembers of its requests, collected from all workers: for the control plane (WatchClient::set_facts)
// and the admin's /facts. Main loop; the workers copy, the rest happens here.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "proxy/app/settings.h"
#include "proxy/app/worker.h"

namespace heddle {
struct FactSources {
  const Settings& settings;
  const std::vector<std::unique_ptr<Worker>>& workers;
  Loop& loop;
  std::string own_id;  // empty: none yet
};
// The newest of each worker, in proportion to what it remembers, when there are more than `most`. Answers once, from
// the loop; at once where nothing is remembered.
void collect_facts(const FactSources&, size_t most, UniqueFunction<void(KeptFacts)>);

// Of all workers' copies. Pure.
KeptFacts merge_facts(const std::vector<FactSlots>& of_workers, size_t most, std::string_view ns,
                      std::string_view own_id);
// {"seen": 160, "facts": [...]}
std::string facts_json(const KeptFacts&);
}  // namespace heddle
