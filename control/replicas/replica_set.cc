#include "control/replicas/replica_set.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
struct Seen {
  ReplicaRecord record;
  int64_t revision = 0;
};

ReplicaRecord record_of(const std::string& key, const std::string& value) {
  Result<ReplicaRecord> record = parse_lease_value(value);
  if (record) return *std::move(record);
  return {key, key, {}, ""};
}
using ByName = std::map<std::string, Seen>;
using ByPlace = std::map<std::string, ByName>;  // by address

// Of those with one address: the newest has it.
std::vector<Seen*> reachable_first(ByName& by_name) {
  std::vector<Seen*> out;
  for (auto& [name, seen] : by_name) out.push_back(&seen);
  std::stable_sort(out.begin(), out.end(), [](const Seen* a, const Seen* b) { return a->revision > b->revision; });
  for (size_t i = 1; i < out.size(); ++i) out[i]->record.address = Address();
  return out;
}
}  // namespace

std::vector<ReplicaRecord> other_replicas(const EtcdMirror::Records& records, const ReplicaRecord& own) {
  ByPlace by_place;
  for (const auto& [key, kept] : records) {
    ReplicaRecord record = record_of(key, kept.value);
    if (record.id == own.id) continue;
    bool is_here = record.address == own.address;
    if (is_here && record.name == own.name) continue;
    std::string place = record.address.is_set() ? record.address.text() : str_cat("?", key);
    Seen& seen = by_place[std::move(place)][record.name];
    if (is_here) record.address = Address();
    if (seen.revision <= kept.revision) seen = {std::move(record), kept.revision};
  }
  std::vector<ReplicaRecord> out;
  for (auto& [place, by_name] : by_place) {
    for (Seen* seen : reachable_first(by_name)) out.push_back(std::move(seen->record));
  }
  return out;
}

ReplicaSet::ReplicaSet(Parts parts, Task on_change)
    : parts_(std::move(parts)),
      on_change_(std::move(on_change)),
      backoff_(parts_.random, kRetry),
      lease_(parts_.etcd, parts_.random, {str_cat(parts_.prefix, "replica/", parts_.own.id), to_json(parts_.own), {}},
             [this](bool is_kept) {
               parts_.log.info(is_kept ? "the other control planes see this one" : "etcd does not keep our record",
                               {{"name", parts_.own.name}});
             }),
      mirror_(parts_.etcd, parts_.random, parts_.log, {str_cat(parts_.prefix, "replica/")}),
      retry_(parts_.scheduler.timer([this] { load(); })) {
  retry_->arm(Duration(0));
}

void ReplicaSet::load() {
  loading_ = mirror_.load([this](const Result<void>& loaded) {
    if (!loaded) {
      parts_.log.limited(LogLevel::kWarn, {"replicas-unknown", 1}, "it is not known who the other control planes are",
                         {{"error", loaded.error()}});
      return retry_->arm(backoff_.next());
    }
    is_loaded_ = true;
    mirror_.follow(*this);
    look();
  });
}

void ReplicaSet::on_mirror_changed(const std::string&) { look(); }

void ReplicaSet::look() {
  std::vector<ReplicaRecord> now = other_replicas(mirror_.records(), parts_.own);
  if (now == others_) return;
  others_ = std::move(now);
  on_change_();
}
}  // namespace heddle
