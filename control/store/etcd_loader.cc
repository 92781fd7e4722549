#include "control/store/etcd_loader.h"

namespace heddle {
namespace {
constexpr Version kFresh{1, 0};
}  // namespace

EtcdLoader::EtcdLoader(EtcdClient& client, const EtcdKeys& keys, size_t history)
    : client_(client), keys_(keys), history_(history) {}

void EtcdLoader::start(Done done) {
  done_ = std::move(done);
  read_head();
}

void EtcdLoader::read_head() {
  out_ = {};
  base_ = View().at(kFresh);
  call_ = client_.range({keys_.head()}, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return fail(std::move(answer).error());
    if (Result<void> taken = take_head(*answer); !taken) return fail(std::move(taken).error());
    if (out_.head_revision == 0) return finish_with({});
    read_snapshot();
  });
}

Result<void> EtcdLoader::take_head(const EtcdRangeAnswer& answer) {
  out_.revision = answer.header.revision;
  out_.cluster_id = answer.header.cluster_id;
  out_.head.version = kFresh;
  if (answer.found.empty()) return {};
  HEDDLE_TRY(out_.head, decode_etcd_head(answer.found.front().value));
  out_.head_revision = answer.found.front().mod_revision;
  return {};
}

void EtcdLoader::read_snapshot() {
  call_ = client_.range({keys_.snaps(), etcd_prefix_end(keys_.snaps()), 1}, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return fail(std::move(answer).error());
    take_snapshot(*answer);
  });
}

void EtcdLoader::take_snapshot(const EtcdRangeAnswer& answer) {
  if (answer.found.empty()) return read_log();
  Result<EtcdRecord> record = decode_etcd_record(answer.found.front().value);
  if (!record) return fail(std::move(record).error());
  if (!record->has_parts()) return take_base(*record, record->body);
  auto parts = std::make_unique<EtcdPartsReader>(client_, keys_, *record, true);
  parts->start([this, record = *record](Result<std::string> body) {
    if (!body) return fail(std::move(body).error());
    take_base(record, *body);
  });
  call_ = std::move(parts);
}

void EtcdLoader::take_base(const EtcdRecord& record, std::string_view body) {
  Result<std::vector<ForeignEvent::Put>> puts = decode_etcd_body(body);
  if (!puts) return fail(std::move(puts).error());
  for (const ForeignEvent::Put& put : *puts) {
    if (put.now != nullptr) base_ = base_.with(put.now);
  }
  base_ = base_.at(record.version);
  read_log();
}

void EtcdLoader::read_log() {
  uint64_t from = base_.version().sequence + 1;
  uint64_t to = out_.head.version.sequence;
  if (from > to) return finish_with({});
  auto log = std::make_unique<EtcdLogReader>(client_, keys_, from, to);
  log->start([this](Result<std::vector<EtcdEntry>> entries) {
    if (!entries) return fail(std::move(entries).error());
    finish_with(*std::move(entries));
  });
  call_ = std::move(log);
}

void EtcdLoader::finish_with(std::vector<EtcdEntry> entries) {
  out_.state = rebuild_etcd_state(std::move(base_), entries, history_);
  // A snapshot newer than the head we read: both were written meanwhile.
  if (out_.state.version != out_.head.version) return fail(make_error(Reason::kNotFound, "the store changes fast"));
  Done done = std::move(done_);
  done(std::move(out_));
}

void EtcdLoader::fail(Error why) {
  bool is_trimmed = why.reason == Reason::kNotFound;
  if (is_trimmed && ++tries_ < kTries) return read_head();
  if (is_trimmed) why = make_error(Reason::kIo, "the store is damaged: " + why.detail);
  Done done = std::move(done_);
  done(std::move(why));
}
}  // namespace heddle
