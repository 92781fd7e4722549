#include "control/replicas/etcd_replica_set.h"

#include "lib/base/strings.h"

namespace heddle {
std::vector<ReplicaRecord> other_replicas(const EtcdMirror::Records& records, const ReplicaRecord& own) {
  std::vector<KeptReplica> all;
  for (const auto& [key, kept] : records) {
    Result<ReplicaRecord> record = parse_lease_value(kept.value);
    all.push_back({key, record ? std::optional(*std::move(record)) : std::nullopt, kept.revision});
  }
  return other_replicas(all, own);
}

EtcdReplicaSet::EtcdReplicaSet(Parts parts)
    : parts_(std::move(parts)),
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

void EtcdReplicaSet::load() {
  loading_ = mirror_.load([this](const Result<void>& loaded) {
    trouble_ = loaded ? std::nullopt : std::optional(loaded.error());
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

void EtcdReplicaSet::on_mirror_changed(const std::string&) { look(); }

void EtcdReplicaSet::look() {
  std::vector<ReplicaRecord> now = other_replicas(mirror_.records(), parts_.own);
  if (now == others_) return;
  others_ = std::move(now);
  if (on_change_) on_change_();
}
}  // namespace heddle
