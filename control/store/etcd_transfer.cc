#include "control/store/etcd_transfer.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error trimmed(std::string_view what) { return make_error(Reason::kNotFound, str_cat(what, " was trimmed meanwhile")); }
}  // namespace

EtcdPartsWriter::EtcdPartsWriter(EtcdClient& client, const EtcdKeys& keys, EtcdRecord record, bool is_snapshot,
                                 std::string body)
    : client_(client), keys_(keys), record_(std::move(record)), is_snapshot_(is_snapshot), body_(std::move(body)) {}

void EtcdPartsWriter::start(Done done) {
  done_ = std::move(done);
  next();
}

void EtcdPartsWriter::next() {
  EtcdPut put{keys_.part(record_, is_snapshot_, at_), std::string(record_.part(body_, at_))};
  call_ = client_.put(put, [this](Result<EtcdHeader> kept) {
    bool is_over = !kept || ++at_ == record_.part_count();
    if (!is_over) return next();
    Done done = std::move(done_);
    done(kept ? Result<void>() : std::move(kept).error());
  });
}

EtcdPartsReader::EtcdPartsReader(EtcdClient& client, const EtcdKeys& keys, EtcdRecord record, bool is_snapshot)
    : client_(client), keys_(keys), record_(std::move(record)), is_snapshot_(is_snapshot) {}

void EtcdPartsReader::start(Done done) {
  done_ = std::move(done);
  next();
}

void EtcdPartsReader::next() {
  EtcdRange range{keys_.part(record_, is_snapshot_, at_), etcd_prefix_end(keys_.parts(record_, is_snapshot_)), kPage};
  call_ = client_.range(range, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return finish(std::move(answer).error());
    for (const EtcdKeyValue& part : answer->found) {
      if (part.key != keys_.part(record_, is_snapshot_, at_++)) return finish(trimmed("a part"));
      body_.append(part.value);
    }
    if (answer->found.empty() || at_ > record_.part_count()) return finish(trimmed("a part"));
    if (at_ < record_.part_count()) return next();
    if (body_.size() != record_.bytes) return finish(make_error(Reason::kIo, "the store is damaged: a part is short"));
    finish(std::move(body_));
  });
}

void EtcdPartsReader::finish(Result<std::string> result) {
  Done done = std::move(done_);
  done(std::move(result));
}

EtcdLogReader::EtcdLogReader(EtcdClient& client, const EtcdKeys& keys, uint64_t from, uint64_t to)
    : client_(client), keys_(keys), next_(from), to_(to) {}

void EtcdLogReader::start(Done done) {
  done_ = std::move(done);
  next_page();
}

void EtcdLogReader::next_page() {
  call_ = client_.range({keys_.log(next_), keys_.log(to_ + 1), kPage}, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return finish(std::move(answer).error());
    take_page(*std::move(answer));
  });
}

void EtcdLogReader::take_page(EtcdRangeAnswer answer) {
  if (answer.found.empty()) return finish(trimmed("a transaction"));
  page_ = std::move(answer.found);
  in_page_ = 0;
  step();
}

// Entries whose body is apart are read one by one, in order.
void EtcdLogReader::step() {
  while (in_page_ < page_.size()) {
    Result<EtcdRecord> record = decode_etcd_record(page_[in_page_].value);
    if (!record) return finish(std::move(record).error());
    if (record->version.sequence != next_) return finish(trimmed("a transaction"));
    ++in_page_;
    if (record->has_parts()) {
      auto parts = std::make_unique<EtcdPartsReader>(client_, keys_, *record, false);
      parts->start([this, record = *record](Result<std::string> body) mutable {
        if (!body) return finish(std::move(body).error());
        if (Result<void> added = add(std::move(record), *body); !added) return finish(std::move(added).error());
        step();
      });
      call_ = std::move(parts);
      return;
    }
    std::string body = std::move(record->body);
    if (Result<void> added = add(*std::move(record), body); !added) return finish(std::move(added).error());
  }
  if (next_ <= to_) return next_page();
  finish(std::move(entries_));
}

Result<void> EtcdLogReader::add(EtcdRecord record, std::string_view body) {
  HEDDLE_TRY(std::vector<ForeignEvent::Put> puts, decode_etcd_body(body));
  entries_.push_back({std::move(record), std::move(puts)});
  ++next_;
  return {};
}

void EtcdLogReader::finish(Result<Entries> result) {
  Done done = std::move(done_);
  done(std::move(result));
}
}  // namespace heddle
