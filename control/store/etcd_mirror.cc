#include "control/store/etcd_mirror.h"

#include <algorithm>
#include <span>

#include "control/store/etcd_mirror_commit.h"
#include "lib/base/bytes.h"
#include "lib/base/strings.h"

// Loading, and following the others. Commits are in etcd_mirror_commit.cc.
namespace heddle {
namespace {
constexpr size_t kFew = 64;             // records that a look reads whole
constexpr size_t kFewBytes = 64 << 10;  // of them
constexpr Duration kKeepMarks = 1h;     // nobody has patience for longer
constexpr size_t kMaxForgotten = 64;    // marks, at a time
constexpr std::string_view kMarks = ".by/";

std::string process_id(Random& random) {
  uint64_t words[2] = {random.next(), random.next()};
  return to_hex(std::as_bytes(std::span(words)));
}

bool is_hidden(std::string_view key) { return key.starts_with('.'); }

int64_t newest_of(const EtcdRangeAnswer& answer) {
  return answer.found.empty() ? 0 : answer.found.front().mod_revision;
}
}  // namespace

struct EtcdMirror::Sync {
  Done done;           // empty: nobody waits any more
  int64_t target = 0;  // revision; before it is known kAsking
  static constexpr int64_t kAsking = INT64_MAX;
  Pending call;
  class Token final : public Operation {
   public:
    explicit Token(std::shared_ptr<Sync> sync) : sync_(std::move(sync)) {}
    ~Token() override { sync_->done = nullptr; }

   private:
    std::shared_ptr<Sync> sync_;
  };
};

EtcdMirror::EtcdMirror(EtcdClient& client, Random& random, Logger log, Options options)
    : client_(client), log_(log), options_(std::move(options)), id_(process_id(random)), retry_(random, kRetry) {
  HEDDLE_CHECK(options_.prefix.ends_with('/'));
  look_timer_ = client_.loop().timer([this] { look(); });
  silence_timer_ = client_.loop().timer([this] {
    is_expecting_ = false;
    if (state_.revision() < expected_) read_all();
  });
}

// Tokens may outlive us: what they hold is not called any more.
EtcdMirror::~EtcdMirror() {
  for (const CommitPtr& commit : commits_) {
    commit->call = nullptr;
    commit->timer = nullptr;
  }
  for (const std::shared_ptr<Sync>& sync : syncs_) sync->call = nullptr;
}

Pending EtcdMirror::load(Done done) {
  auto loader = std::make_unique<EtcdMirrorLoader>(client_, options_.prefix, kMaxRecords);
  loader->start([this, done = std::move(done)](Result<EtcdMirrorLoaded> loaded) mutable {
    if (!loaded) return done(std::move(loaded).error());
    is_reachable();
    cluster_id_ = loaded->cluster_id;
    forget_old_marks(loaded->records);
    std::erase_if(loaded->records, [](const auto& record) { return is_hidden(record.first); });
    state_.on_loaded(loaded->revision, std::move(loaded->records));
    done({});
  });
  return loader;
}

void EtcdMirror::follow(Observer& observer) {
  HEDDLE_CHECK(observer_ == nullptr);
  observer_ = &observer;
  state_.set_on_record([this](const std::string& key, const std::string* was, const std::string* now) {
    observer_->on_mirror_record(key, was, now);
  });
  open_watch();
  look_timer_->arm(options_.look);
}

const EtcdMirror::Record* EtcdMirror::find(std::string_view key) const {
  auto found = records().find(key);
  return found == records().end() ? nullptr : &found->second;
}

JournalHealth EtcdMirror::health() const {
  const std::string& problem = unreachable_.empty() ? stuck_ : unreachable_;
  return {problem.empty(), reached_, problem};
}

// Processes leave their marks behind. Nothing depends on one that is so old, and if a process that slept comes back to
// it, that one takes another.
void EtcdMirror::forget_old_marks(const EtcdMirrorRecords& records) {
  WallTime until = client_.loop().wall() - kKeepMarks;
  forgets_.clear();
  for (auto at = records.lower_bound(kMarks); at != records.end() && at->first.starts_with(kMarks); ++at) {
    std::optional<WallTime> made = etcd_mark_time(at->second.value);
    bool is_old = made.has_value() && *made < until;
    if (is_old) forgets_.emplace_back(at->first, at->second.revision);
  }
  forget_next();
}

// Another control plane that does the same may be faster: then these are gone, or the next start finds them.
void EtcdMirror::forget_next() {
  if (forgets_.empty()) return;
  EtcdTransaction forget;
  while (!forgets_.empty() && forget.success.size() < kMaxForgotten) {
    auto [key, revision] = std::move(forgets_.front());
    forgets_.pop_front();
    forget.compare.push_back({EtcdCompare::Target::kModRevision, path(key), EtcdCompare::Is::kEqual, revision});
    forget.success.push_back(EtcdDelete{path(key)});
  }
  forget_call_ = client_.transact(forget, [this](const Result<EtcdTransactionAnswer>& answer) {
    Pending over = std::move(forget_call_);
    if (answer) forget_next();
  });
}

// --- following the others

bool EtcdMirror::is_few() const {
  if (records().size() > kFew) return false;
  size_t bytes = 0;
  for (const auto& [key, record] : records()) bytes += record.value.size();
  return bytes <= kFewBytes;
}

// Few records are read as they are, which also shows what a lease took away.
void EtcdMirror::look() {
  if (is_few()) return read_all();
  look_call_ = client_.range(
      {path(kEtcdMirrorLast)},
      [this, known = state_.revision()](Result<EtcdRangeAnswer> answer) { on_looked(std::move(answer), known); });
}

void EtcdMirror::on_looked(Result<EtcdRangeAnswer> answer, int64_t known) {
  if (!answer) return on_read_failed(answer.error());
  is_reachable();
  retry_.reset();
  look_timer_->arm(options_.look);
  if (is_another_state(answer->header.cluster_id, answer->header.revision, known)) return;
  bool has_moved = watched_member_ != client_.member().text();
  if (watch_ == nullptr || has_moved) open_watch();
  expect(newest_of(*answer));
}

// The watch has so long to tell it.
void EtcdMirror::expect(int64_t revision) {
  expected_ = std::max(expected_, revision);
  if (expected_ <= state_.revision() || is_expecting_) return;
  is_expecting_ = true;
  silence_timer_->arm(kSilence);
}

void EtcdMirror::read_all() {
  if (read_call_ != nullptr) return;
  auto loader = std::make_unique<EtcdMirrorLoader>(client_, options_.prefix, kMaxRecords);
  loader->start([this, known = state_.revision()](Result<EtcdMirrorLoaded> loaded) {
    Pending over = std::move(read_call_);
    if (!loaded) return on_read_failed(loaded.error());
    take(*std::move(loaded), known);
  });
  read_call_ = std::move(loader);
}

void EtcdMirror::take(EtcdMirrorLoaded loaded, int64_t known) {
  is_reachable();
  retry_.reset();
  look_timer_->arm(options_.look);
  if (is_another_state(loaded.cluster_id, loaded.revision, known)) return;
  EtcdMirrorRecords hidden;
  for (auto at = loaded.records.begin(); at != loaded.records.end();) {
    auto next = std::next(at);
    if (is_hidden(at->first)) hidden.insert(loaded.records.extract(at));
    at = next;
  }
  EtcdMirrorState::Keys changed = state_.on_loaded(loaded.revision, std::move(loaded.records));
  bool is_behind = !changed.empty() || watched_member_ != client_.member().text();
  if (watch_ == nullptr || is_behind) open_watch();
  drop_ours(hidden, changed);
  tell(std::move(changed));
  expect(expected_);
  settle_syncs();
}

// Keys that are as a commit of ours made them whose answer is still on its way.
void EtcdMirror::drop_ours(const EtcdMirrorRecords& with_marks, EtcdMirrorState::Keys& keys) const {
  std::set<int64_t> kept;  // revisions
  std::set<std::string, std::less<>> erased;
  for (const auto& [key, mark] : with_marks) {
    auto found = by_mark_.find(mark.value);
    bool is_kept = found != by_mark_.end() && key == mark_key(found->second->mark);
    if (!is_kept) continue;
    kept.insert(mark.revision);
    for (const Change& change : found->second->changes) {
      if (!change.value) erased.insert(change.key);
    }
  }
  std::erase_if(keys, [&](const std::string& key) {
    const Record* now = find(key);
    return now == nullptr ? erased.contains(key) : kept.contains(now->revision);
  });
}

void EtcdMirror::on_read_failed(const Error& why) {
  if (why.reason == Reason::kUnavailable) {
    is_unreachable(why);
  } else {
    stuck_ = why.detail;
    log_.limited(LogLevel::kWarn, {"etcd_mirror_read"}, "records of other control planes cannot be read",
                 {{"prefix", options_.prefix}, {"reason", why}});
  }
  watch_ = nullptr;
  look_timer_->arm(retry_.next());
  fail_syncs(why);
}

// A copy never goes back. `known` is what it had when the linearizable read was asked for.
bool EtcdMirror::is_another_state(uint64_t cluster_id, int64_t revision, int64_t known) {
  bool is_same = cluster_id == cluster_id_ && revision >= known;
  if (is_same) {
    stuck_.clear();
    return false;
  }
  stuck_ =
      "etcd holds another or an older state than was read (was it restored?); restart the control plane to take "
      "it over";
  fail_syncs(make_error(Reason::kUnavailable, stuck_));
  return true;
}

void EtcdMirror::open_watch() {
  watched_member_ = client_.member().text();
  EtcdWatch::Observer& observer = *this;
  EtcdWatchRequest request{options_.prefix, state_.revision() + 1, etcd_prefix_end(options_.prefix)};
  watch_ = std::make_unique<EtcdWatch>(client_, request, observer);
}

// The mark of a commit that is not answered yet.
bool EtcdMirror::is_ours(const EtcdWatchAnswer::Event& event) const {
  if (event.is_delete) return false;
  auto found = by_mark_.find(event.now.value);
  return found != by_mark_.end() && event.now.key == path(mark_key(found->second->mark));
}

void EtcdMirror::on_watch_events(const EtcdWatchAnswer& answer) {
  std::set<int64_t> ours;  // revisions
  for (const EtcdWatchAnswer::Event& event : answer.events) {
    if (is_ours(event)) ours.insert(event.now.mod_revision);
  }
  EtcdMirrorState::Keys foreign;
  int64_t until = 0;
  for (const EtcdWatchAnswer::Event& event : answer.events) {
    until = std::max(until, event.now.mod_revision);
    if (!event.now.key.starts_with(options_.prefix)) continue;
    std::string key = event.now.key.substr(options_.prefix.size());
    if (is_hidden(key)) continue;
    std::optional<std::string> value;
    if (!event.is_delete) value = event.now.value;
    bool is_news = state_.on_changed({key, std::move(value), event.now.mod_revision});
    if (is_news && !ours.contains(event.now.mod_revision)) foreign.push_back(std::move(key));
  }
  state_.reach(until);
  tell(std::move(foreign));
  settle_syncs();
}

void EtcdMirror::on_watch_ended(Error why) {
  log_.limited(LogLevel::kInfo, {"etcd_mirror_watch_ended"}, "the watch of etcd ended; it is opened again",
               {{"member", watched_member_}, {"prefix", options_.prefix}, {"reason", why}});
  watch_ = nullptr;
  // It cannot tell what is compacted, or more than we take at once.
  bool must_read = why.reason == Reason::kNotFound || why.reason == Reason::kTooLarge;
  if (must_read) return read_all();
  look_timer_->arm(retry_.next());
}

void EtcdMirror::tell(EtcdMirrorState::Keys keys) {
  if (keys.empty() || observer_ == nullptr) return;
  for (std::string& key : keys) untold_.insert(std::move(key));
  client_.loop().defer(tell_);
}

void EtcdMirror::tell_all() {
  for (const std::string& key : std::exchange(untold_, {})) observer_->on_mirror_changed(key);
}

// --- sync

Pending EtcdMirror::sync(Done done) {
  auto sync = std::make_shared<Sync>();
  sync->done = std::move(done);
  sync->target = Sync::kAsking;
  syncs_.push_back(sync);
  Sync* asked = sync.get();
  sync->call =
      client_.range({path(kEtcdMirrorLast)}, [this, asked, known = state_.revision()](Result<EtcdRangeAnswer> answer) {
        Pending over = std::move(asked->call);
        if (!answer) {
          asked->target = 0;  // fails with the others
          is_unreachable(answer.error());
          return fail_syncs(answer.error());
        }
        is_reachable();
        if (is_another_state(answer->header.cluster_id, answer->header.revision, known)) return;
        asked->target = newest_of(*answer);
        expect(asked->target);
        settle_syncs();
      });
  return std::make_unique<Sync::Token>(std::move(sync));
}

// A `done` may end this mirror: it is the last thing that is done.
void EtcdMirror::settle_syncs() {
  std::list<std::shared_ptr<Sync>> ready;
  for (auto at = syncs_.begin(); at != syncs_.end();) {
    auto next = std::next(at);
    if ((*at)->target <= state_.revision()) ready.splice(ready.end(), syncs_, at);
    at = next;
  }
  for (const std::shared_ptr<Sync>& sync : ready) {
    if (Done done = std::move(sync->done)) done({});
  }
}

// Those that still ask have an answer of their own to come.
void EtcdMirror::fail_syncs(const Error& why) {
  std::list<std::shared_ptr<Sync>> failed;
  for (auto at = syncs_.begin(); at != syncs_.end();) {
    auto next = std::next(at);
    if ((*at)->call == nullptr) failed.splice(failed.end(), syncs_, at);
    at = next;
  }
  Error error = make_error(Reason::kUnavailable, why.detail, Origin::kUpstream);
  for (const std::shared_ptr<Sync>& sync : failed) {
    if (Done done = std::move(sync->done)) done(error);
  }
}

void EtcdMirror::is_reachable() {
  reached_ = client_.loop().wall();
  if (!unreachable_.empty()) log_.info("etcd answers again", {{"prefix", options_.prefix}});
  unreachable_.clear();
}

void EtcdMirror::is_unreachable(const Error& why) {
  if (unreachable_.empty()) {
    log_.warn("etcd does not answer; what is known of other control planes may be old",
              {{"prefix", options_.prefix}, {"reason", why}});
  }
  unreachable_ = str_cat("etcd has no quorum or is out of reach: ", why.detail);
}
}  // namespace heddle
