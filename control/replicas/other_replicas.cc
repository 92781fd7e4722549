#include "control/replicas/other_replicas.h"

#include <algorithm>
#include <map>

#include "lib/base/strings.h"

namespace heddle {
namespace {
struct Seen {
  ReplicaRecord record;
  int64_t order = 0;
};

using ByName = std::map<std::string, Seen>;
using ByPlace = std::map<std::string, ByName>;  // by address

// Of those with one address: the newest has it.
std::vector<Seen*> reachable_first(ByName& by_name) {
  std::vector<Seen*> out;
  for (auto& [name, seen] : by_name) out.push_back(&seen);
  std::stable_sort(out.begin(), out.end(), [](const Seen* a, const Seen* b) { return a->order > b->order; });
  for (size_t i = 1; i < out.size(); ++i) out[i]->record.address = Address();
  return out;
}
}  // namespace

std::vector<ReplicaRecord> other_replicas(const std::vector<KeptReplica>& all, const ReplicaRecord& own) {
  ByPlace by_place;
  for (const KeptReplica& kept : all) {
    ReplicaRecord record = kept.record.value_or(ReplicaRecord{kept.key, kept.key, {}, ""});
    if (record.id == own.id) continue;
    bool is_here = record.address == own.address;
    if (is_here && record.name == own.name) continue;
    std::string place = record.address.is_set() ? record.address.text() : str_cat("?", kept.key);
    Seen& seen = by_place[std::move(place)][record.name];
    if (is_here) record.address = Address();
    if (seen.order <= kept.order) seen = {std::move(record), kept.order};
  }
  std::vector<ReplicaRecord> out;
  for (auto& [place, by_name] : by_place) {
    for (Seen* seen : reachable_first(by_name)) out.push_back(std::move(seen->record));
  }
  return out;
}
}  // namespace heddle
