#include "control/store/etcd_snapshot.h"

#include "lib/base/strings.h"

namespace heddle {
uint64_t etcd_trim_base(const std::vector<uint64_t>& snapshots, uint64_t newest, uint64_t history) {
  uint64_t base = 0;
  for (uint64_t sequence : snapshots) {
    if (newest >= history && sequence <= newest - history) base = sequence;
  }
  return base;
}

EtcdSnapshotter::EtcdSnapshotter(EtcdClient& client, const EtcdKeys& keys, EtcdSnapshotPlan plan)
    : client_(client), keys_(keys), plan_(std::move(plan)) {}

void EtcdSnapshotter::start(Done done) {
  done_ = std::move(done);
  EtcdRange range{keys_.snaps(), etcd_prefix_end(keys_.snaps()), 1};
  range.newest_first = true;
  range.keys_only = true;
  call_ = client_.range(range, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return finish(std::move(answer).error());
    take_newest(*answer);
  });
}

void EtcdSnapshotter::take_newest(const EtcdRangeAnswer& answer) {
  uint64_t newest = answer.found.empty() ? 0 : sequence_of(answer.found.front());
  if (newest + plan_.every > plan_.view.version().sequence) return finish(newest);
  write();
}

void EtcdSnapshotter::write() {
  std::string body = encode_etcd_snapshot(plan_.view);
  record_ = {plan_.view.version(), plan_.writer, {}, body.size()};
  if (!record_.has_parts()) {
    record_.body = std::move(body);
    return write_record();
  }
  auto parts = std::make_unique<EtcdPartsWriter>(client_, keys_, record_, true, std::move(body));
  parts->start([this](Result<void> written) {
    if (!written) return finish(std::move(written).error());
    write_record();
  });
  call_ = std::move(parts);
}

void EtcdSnapshotter::write_record() {
  EtcdPut put{keys_.snap(record_.version.sequence), encode(record_)};
  call_ = client_.put(put, [this](Result<EtcdHeader> kept) {
    if (!kept) return finish(std::move(kept).error());
    look_for_base();
  });
}

void EtcdSnapshotter::look_for_base() {
  EtcdRange range{keys_.snaps(), etcd_prefix_end(keys_.snaps())};
  range.keys_only = true;
  call_ = client_.range(range, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return finish(std::move(answer).error());
    std::vector<uint64_t> snapshots;
    for (const EtcdKeyValue& found : answer->found) snapshots.push_back(sequence_of(found));
    uint64_t base = etcd_trim_base(snapshots, record_.version.sequence, plan_.history);
    if (base == 0) return finish(record_.version.sequence);
    trim_before(base);
  });
}

void EtcdSnapshotter::trim_before(uint64_t base) {
  EtcdTransaction trim;
  trim.compare = {{EtcdCompare::Target::kCreateRevision, keys_.snap(base), EtcdCompare::Is::kGreater, 0}};
  trim.success = {EtcdDelete{keys_.log(0), keys_.log(base + 1)}, EtcdDelete{keys_.snap(0), keys_.snap(base)},
                  EtcdDelete{keys_.parts(0), keys_.parts(base)}};
  call_ = client_.transact(trim, [this](Result<EtcdTransactionAnswer> trimmed) {
    if (!trimmed) return finish(std::move(trimmed).error());
    finish(record_.version.sequence);
  });
}

uint64_t EtcdSnapshotter::sequence_of(const EtcdKeyValue& found) const {
  return parse_int<uint64_t>(std::string_view(found.key).substr(keys_.snaps().size())).value_or(0);
}

void EtcdSnapshotter::finish(Result<uint64_t> result) {
  Done done = std::move(done_);
  done(std::move(result));
}
}  // namespace heddle
