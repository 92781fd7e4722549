#include "control/store/etcd_journal.h"

#include <algorithm>
#include <span>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
struct EtcdJournal::Append {
  EtcdRecord record;
  std::string body;  // where it has parts
  View after;
  AppendDone done;  // empty: nobody waits any more
  MonoTime since;
  bool may_be_kept = false;  // a try was not answered

  class Token final : public Operation {
   public:
    explicit Token(std::shared_ptr<Append> append) : append_(std::move(append)) {}
    ~Token() override { append_->done = nullptr; }

   private:
    std::shared_ptr<Append> append_;
  };
};

struct EtcdJournal::Sync {
  LoadDone done;  // empty: nobody waits any more
  Version target;
  Pending call;  // while it asks

  class Token final : public Operation {
   public:
    explicit Token(std::shared_ptr<Sync> sync) : sync_(std::move(sync)) {}
    ~Token() override { sync_->done = nullptr; }

   private:
    std::shared_ptr<Sync> sync_;
  };
};

namespace {
constexpr Duration kResend = 200ms;

std::string process_id(Random& random) {
  uint64_t words[2] = {random.next(), random.next()};
  return to_hex(std::as_bytes(std::span(words)));
}

Error lost(Version version) {
  return make_error(Reason::kConflict, str_cat("another control plane made version ", version.text(), " first"));
}
}  // namespace

EtcdJournal::EtcdJournal(EtcdClient& client, Random& random, Logger log, Options options)
    : client_(client),
      log_(log),
      options_(std::move(options)),
      keys_(options_.prefix),
      id_(process_id(random)),
      retry_(random, kRetry) {
  HEDDLE_CHECK(options_.prefix.ends_with('/'));
  look_timer_ = client_.loop().timer([this] { look(); });
  resend_timer_ = client_.loop().timer([this] { send(); });
}

// Tokens may outlive us: what they hold is not called any more.
EtcdJournal::~EtcdJournal() {
  for (const std::shared_ptr<Sync>& sync : syncs_) sync->call = nullptr;
}

Pending EtcdJournal::load(LoadDone done) {
  auto loader = std::make_unique<EtcdLoader>(client_, keys_, options_.history);
  loader->start([this, done = std::move(done)](Result<EtcdLoaded> loaded) mutable {
    if (!loaded) return done(std::move(loaded).error());
    is_reachable();
    reached_ = client_.loop().wall();
    loaded_ = *std::move(loaded);
    done({});
  });
  return loader;
}

Result<JournalState> EtcdJournal::replay(JournalObserver& observer) {
  HEDDLE_CHECK(loaded_.has_value());
  EtcdLoaded loaded = *std::exchange(loaded_, std::nullopt);
  observer_ = &observer;
  version_ = target_ = loaded.state.version;
  head_revision_ = target_revision_ = loaded.head_revision;
  cluster_id_ = loaded.cluster_id;
  open_watch(loaded.revision);
  look_timer_->arm(options_.look);
  return std::move(loaded.state);
}

JournalHealth EtcdJournal::health() const {
  const std::string& problem = unreachable_.empty() ? stuck_ : unreachable_;
  return {problem.empty(), reached_, problem};
}

// --- the append under way

Pending EtcdJournal::append(const Event& event, AppendDone done) {
  HEDDLE_CHECK(appending_ == nullptr && observer_ != nullptr);
  // On top of what cannot be read nothing is written, and nobody waits for it to be observed.
  if (!stuck_.empty()) {
    done(make_error(Reason::kUnavailable, stuck_));
    return nullptr;
  }
  if (target_ > version_ || event.version.sequence != version_.sequence + 1) {
    done(lost(target_));
    return nullptr;
  }
  std::string body = encode_etcd_changes(event.changes);
  auto append = std::make_shared<Append>();
  append->record = {event.version, str_cat(id_, "-", std::to_string(++attempts_)), event.note, body.size()};
  append->after = event.after;
  append->done = std::move(done);
  append->since = client_.loop().now();
  (append->record.has_parts() ? append->body : append->record.body) = std::move(body);
  appending_ = append;
  append->record.has_parts() ? write_parts() : send();
  return std::make_unique<Append::Token>(std::move(append));
}

void EtcdJournal::write_parts() {
  Append& append = *appending_;
  auto parts = std::make_unique<EtcdPartsWriter>(client_, keys_, append.record, false, std::move(append.body));
  parts->start([this](Result<void> written) {
    if (!written) return finish_append(std::move(written).error());
    send();
  });
  append_call_ = std::move(parts);
}

// Sent again as it is: whichever of them comes first moves the head, and the others fail.
void EtcdJournal::send() {
  const EtcdRecord& record = appending_->record;
  EtcdTransaction transaction;
  transaction.compare = {
      {EtcdCompare::Target::kModRevision, keys_.head(), EtcdCompare::Is::kEqual, head_revision_},
      {EtcdCompare::Target::kCreateRevision, keys_.log(record.version.sequence), EtcdCompare::Is::kEqual, 0}};
  transaction.success = {EtcdPut{keys_.head(), encode(EtcdHead{record.version, record.writer})},
                         EtcdPut{keys_.log(record.version.sequence), encode(record)}};
  transaction.failure = {EtcdRange{keys_.head()}, EtcdRange{keys_.log(record.version.sequence)}};
  append_call_ =
      client_.transact(transaction, [this](Result<EtcdTransactionAnswer> answer) { on_answer(std::move(answer)); });
}

void EtcdJournal::on_answer(Result<EtcdTransactionAnswer> answer) {
  if (!answer) return on_unanswered(std::move(answer).error());
  is_reachable();
  if (answer->succeeded) return kept(answer->header.revision);
  on_compare_failed(*answer);
}

void EtcdJournal::on_unanswered(Error why) {
  bool is_refused = why.reason != Reason::kUnavailable;
  if (is_refused && !appending_->may_be_kept) return finish_append(std::move(why));
  appending_->may_be_kept = true;
  if (!is_refused) is_unreachable(why);
  MonoTime until = appending_->since + options_.patience;
  if (!is_refused && client_.loop().now() < until) return resend_timer_->arm(kResend);
  finish_append(make_error(Reason::kUnavailable,
                           str_cat("etcd did not confirm version ", appending_->record.version.text(),
                                   " (no quorum, or out of reach); it may yet have been kept: ", why.detail)));
}

void EtcdJournal::on_compare_failed(const EtcdTransactionAnswer& answer) {
  if (answer.answers.size() != 2) {
    return finish_append(make_error(Reason::kUpstreamProtocolError, "etcd did not answer what the head is"));
  }
  const EtcdRangeAnswer& log = answer.answers[1];
  Result<EtcdRecord> there =
      log.found.empty() ? Result<EtcdRecord>(EtcdRecord{}) : decode_etcd_record(log.found.front().value);
  if (!there) return finish_append(std::move(there).error());
  // An earlier try of ours came through, and its answer was lost.
  if (there->writer == appending_->record.writer) return kept(log.found.front().mod_revision);
  EtcdRangeAnswer head = answer.answers[0];
  head.header = answer.header;
  int64_t before = head_revision_;
  learn(head, Version{});
  if (target_ > version_) return finish_append(lost(target_));
  // The same version, written anew (a restored cluster): nobody was faster.
  if (head_revision_ != before) return send();
  finish_append(make_error(Reason::kUnavailable, "etcd holds an older state than this control plane has seen"));
}

void EtcdJournal::kept(int64_t revision) {
  version_ = appending_->record.version;
  head_revision_ = revision;
  if (target_ <= version_) {
    target_ = version_;
    target_revision_ = revision;
  }
  has_looked();
  snapshot(appending_->after, appending_->record.writer);
  finish_append({});
}

void EtcdJournal::finish_append(Result<void> result) {
  resend_timer_->cancel();
  std::shared_ptr<Append> append = std::move(appending_);
  appending_ = nullptr;
  if (AppendDone done = std::move(append->done)) done(std::move(result));
  follow();
  settle();
}

// --- following the others

void EtcdJournal::look() {
  look_call_ = client_.range({keys_.head()}, [this, known = version_](Result<EtcdRangeAnswer> answer) {
    on_looked(std::move(answer), known);
  });
}

void EtcdJournal::on_looked(Result<EtcdRangeAnswer> answer, Version known) {
  if (!answer) {
    is_unreachable(answer.error());
    watch_ = nullptr;
    return look_timer_->arm(retry_.next());
  }
  is_reachable();
  retry_.reset();
  look_timer_->arm(options_.look);
  learn(*answer, known);
  has_looked();
  bool has_moved = watched_member_ != client_.member().text();
  if (watch_ == nullptr || has_moved) open_watch(answer->header.revision);
  follow();
  settle();
}

void EtcdJournal::on_watch_events(const EtcdWatchAnswer& answer) {
  for (const EtcdWatchAnswer::Event& event : answer.events) {
    if (!event.is_delete) learn(event.now);
  }
  follow();
}

void EtcdJournal::on_watch_ended(Error why) {
  log_.limited(LogLevel::kInfo, {"etcd_watch_ended"}, "the watch of etcd ended; it is opened again",
               {{"member", watched_member_}, {"reason", why}});
  watch_ = nullptr;
  look_timer_->arm(retry_.next());
}

void EtcdJournal::open_watch(int64_t revision) {
  watched_member_ = client_.member().text();
  EtcdWatch::Observer& observer = *this;
  watch_ = std::make_unique<EtcdWatch>(client_, EtcdWatchRequest{keys_.head(), revision + 1}, observer);
}

// What a linearizable read of the head says. `known` is what we had when it was asked for: a late answer may be older
// than what we have now, never than that.
void EtcdJournal::learn(const EtcdRangeAnswer& answer, Version known) {
  bool is_other_cluster = cluster_id_ != 0 && answer.header.cluster_id != cluster_id_;
  Result<EtcdHead> head =
      answer.found.empty() ? Result<EtcdHead>(EtcdHead{{1, 0}, ""}) : decode_etcd_head(answer.found.front().value);
  bool has_gone_back = head.has_value() && head->version < known;
  if (is_other_cluster || has_gone_back) {
    stuck_ = str_cat("etcd holds another or an older state than version ", version_.text(),
                     " (was it restored?); restart the control plane to take it over");
    return;
  }
  if (!answer.found.empty()) learn(answer.found.front());
}

void EtcdJournal::learn(const EtcdKeyValue& key_value) {
  Result<EtcdHead> head = decode_etcd_head(key_value.value);
  if (!head) {
    stuck_ = head.error().detail;
    return;
  }
  if (head->version == version_) {
    head_revision_ = std::max(head_revision_, key_value.mod_revision);
    stuck_.clear();
  }
  if (head->version < target_) return;
  target_ = head->version;
  target_revision_ = key_value.mod_revision;
}

// While an append is under way its own event may come by the watch first: nothing is followed before it is answered.
void EtcdJournal::follow() {
  if (appending_ != nullptr || follow_call_ != nullptr || target_ <= version_) return;
  auto log = std::make_unique<EtcdLogReader>(client_, keys_, version_.sequence + 1, target_.sequence);
  log->start([this](Result<std::vector<EtcdEntry>> entries) {
    Pending over = std::move(follow_call_);
    if (!entries) return on_follow_failed(std::move(entries).error());
    take(*std::move(entries));
    follow();
    settle();
  });
  follow_call_ = std::move(log);
}

void EtcdJournal::take(std::vector<EtcdEntry> entries) {
  stuck_.clear();
  for (EtcdEntry& entry : entries) {
    version_ = entry.record.version;
    if (version_ == target_) head_revision_ = target_revision_;
    observer_->on_event({version_, std::move(entry.record.note), std::move(entry.puts)});
  }
}

// --- sync

// Apart from look(): what comes of it says nothing of the watch.
Pending EtcdJournal::sync(LoadDone done) {
  HEDDLE_CHECK(observer_ != nullptr);
  auto sync = std::make_shared<Sync>();
  sync->done = std::move(done);
  syncs_.push_back(sync);
  Sync* asked = sync.get();
  sync->call = client_.range({keys_.head()}, [this, asked, known = version_](Result<EtcdRangeAnswer> answer) {
    Pending over = std::move(asked->call);
    on_synced(*asked, std::move(answer), known);
  });
  return std::make_unique<Sync::Token>(std::move(sync));
}

void EtcdJournal::on_synced(Sync& sync, Result<EtcdRangeAnswer> answer, Version known) {
  if (!answer) {
    sync.target = {UINT64_MAX, UINT64_MAX};  // fails with the others
    is_unreachable(answer.error());
    return fail_syncs(answer.error());
  }
  is_reachable();
  learn(*answer, known);
  has_looked();
  sync.target = target_;
  follow();
  settle();
}

void EtcdJournal::has_looked() {
  looked_ = target_;
  looked_at_ = client_.loop().wall();
}

// After each step that may have brought the observer up to what somebody waits for. Over what cannot be followed nobody
// waits.
void EtcdJournal::settle() {
  if (!stuck_.empty()) return fail_syncs(make_error(Reason::kUnavailable, stuck_));
  if (looked_ <= version_) reached_ = looked_at_;
  std::list<std::shared_ptr<Sync>> ready;
  for (auto at = syncs_.begin(); at != syncs_.end();) {
    auto next = std::next(at);
    bool is_ready = (*at)->call == nullptr && (*at)->target <= version_;
    if (is_ready) ready.splice(ready.end(), syncs_, at);
    at = next;
  }
  for (const std::shared_ptr<Sync>& sync : ready) {
    if (LoadDone done = std::exchange(sync->done, nullptr)) done({});
  }
}

// Those that still ask have an answer of their own to come.
void EtcdJournal::fail_syncs(const Error& why) {
  std::list<std::shared_ptr<Sync>> failed;
  for (auto at = syncs_.begin(); at != syncs_.end();) {
    auto next = std::next(at);
    if ((*at)->call == nullptr) failed.splice(failed.end(), syncs_, at);
    at = next;
  }
  Error error = make_error(Reason::kUnavailable, why.detail, Origin::kUpstream);
  for (const std::shared_ptr<Sync>& sync : failed) {
    if (LoadDone done = std::exchange(sync->done, nullptr)) done(error);
  }
}

void EtcdJournal::on_follow_failed(Error why) {
  if (why.reason == Reason::kNotFound) return reload();
  if (why.reason == Reason::kUnavailable) {
    is_unreachable(why);
  } else {
    stuck_ = why.detail;
  }
  log_.limited(LogLevel::kWarn, {"etcd_follow"}, "changes of other control planes cannot be read", {{"reason", why}});
  look_timer_->arm(retry_.next());
  fail_syncs(why);
}

void EtcdJournal::reload() {
  auto loader = std::make_unique<EtcdLoader>(client_, keys_, options_.history);
  loader->start([this](Result<EtcdLoaded> loaded) {
    Pending over = std::move(follow_call_);
    if (!loaded) return on_follow_failed(std::move(loaded).error());
    take_reset(*std::move(loaded));
    follow();
    settle();
  });
  follow_call_ = std::move(loader);
}

void EtcdJournal::take_reset(EtcdLoaded loaded) {
  if (loaded.state.version <= version_) {
    stuck_ = str_cat("etcd no longer holds what came after version ", version_.text());
    target_ = version_;
    target_revision_ = head_revision_;
    return;
  }
  stuck_.clear();
  version_ = loaded.state.version;
  head_revision_ = loaded.head_revision;
  if (target_ <= version_) {
    target_ = version_;
    target_revision_ = head_revision_;
  }
  observer_->on_reset(std::move(loaded.state));
}

void EtcdJournal::snapshot(const View& view, std::string writer) {
  uint64_t sequence = view.version().sequence;
  if (snapshot_call_ != nullptr || sequence < snapshot_at_ + options_.snapshot_every) return;
  auto snapshotter = std::make_unique<EtcdSnapshotter>(
      client_, keys_, EtcdSnapshotPlan{view, std::move(writer), options_.snapshot_every, options_.history});
  snapshotter->start([this, sequence](Result<uint64_t> newest) {
    Pending over = std::move(snapshot_call_);
    snapshot_at_ = newest.value_or(sequence - options_.snapshot_every / 2);  // again after half as many
    if (!newest) log_.warn("a snapshot in etcd failed; it is tried again later", {{"reason", newest.error()}});
  });
  snapshot_call_ = std::move(snapshotter);
}

void EtcdJournal::is_reachable() {
  if (!unreachable_.empty()) log_.info("etcd answers again");
  unreachable_.clear();
}

void EtcdJournal::is_unreachable(const Error& why) {
  if (unreachable_.empty()) log_.warn("etcd does not answer; what is shown may be old", {{"reason", why}});
  unreachable_ = str_cat("etcd has no quorum or is out of reach: ", why.detail);
}
}  // namespace heddle
