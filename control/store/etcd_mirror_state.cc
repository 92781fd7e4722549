#include "control/store/etcd_mirror_state.h"

#include <algorithm>
#include <utility>

namespace heddle {
int64_t EtcdMirrorState::revision_of(std::string_view key) const {
  auto found = records_.find(key);
  return found == records_.end() ? 0 : found->second.revision;
}

// Whether what happened to the key at this revision is known already.
bool EtcdMirrorState::knows(std::string_view key, int64_t revision) const {
  if (revision <= revision_ || revision <= revision_of(key)) return true;
  auto gone = gone_.find(key);
  return gone != gone_.end() && revision <= gone->second;
}

void EtcdMirrorState::put(const std::string& key, EtcdMirrorRecord record) {
  if (auto gone = gone_.find(key); gone != gone_.end()) gone_.erase(gone);
  EtcdMirrorRecord& now = records_[key];
  bool is_new = now.revision == 0;
  EtcdMirrorRecord was = std::exchange(now, std::move(record));
  if (on_record_) on_record_(key, is_new ? nullptr : &was.value, &now.value);
}

bool EtcdMirrorState::erase(const std::string& key) {
  auto found = records_.find(key);
  if (found == records_.end()) return false;
  std::string was = std::move(found->second.value);
  std::string name = found->first;  // `key` may be that one
  records_.erase(found);
  if (on_record_) on_record_(name, &was, nullptr);
  return true;
}

void EtcdMirrorState::reach(int64_t revision) {
  revision_ = std::max(revision_, revision);
  std::erase_if(gone_, [this](const auto& gone) { return gone.second <= revision_; });
}

EtcdMirrorState::Keys EtcdMirrorState::on_loaded(int64_t revision, EtcdMirrorRecords records) {
  Keys changed;
  if (revision < revision_) return changed;
  Keys lost;
  for (const auto& [key, record] : records_) {
    if (record.revision <= revision && !records.contains(key)) lost.push_back(key);
  }
  for (std::string& key : lost) {
    erase(key);
    changed.push_back(std::move(key));
  }
  for (auto& [key, record] : records) {
    bool is_news = !knows(key, record.revision);
    if (!is_news) continue;
    put(key, std::move(record));
    changed.push_back(key);
  }
  reach(revision);
  return changed;
}

bool EtcdMirrorState::on_changed(Event event) {
  if (knows(event.key, event.revision)) return false;
  if (event.value) {
    put(event.key, {*std::move(event.value), event.revision});
    return true;
  }
  gone_[event.key] = event.revision;
  return erase(event.key);
}

bool EtcdMirrorState::on_read(const std::string& key, std::optional<EtcdMirrorRecord> record, int64_t revision) {
  if (!record) return on_changed({key, std::nullopt, revision});
  int64_t changed_at = record->revision;
  return on_changed({key, std::move(record->value), changed_at});
}
}  // namespace heddle
