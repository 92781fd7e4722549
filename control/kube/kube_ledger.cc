#include "control/kube/kube_ledger.h"

#include <algorithm>
#include <utility>

#include "control/kube/kube_resource.h"
#include "control/store/etcd_ledger_records.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
const KubeResource& secrets() {
  static const KubeResource resource{"", "v1", "secrets"};
  return resource;
}

const std::string* value_in(const EtcdMirrorRecords& records, const std::string& key) {
  auto found = records.find(key);
  return found == records.end() ? nullptr : &found->second.value;
}

Error was_faster() { return make_error(Reason::kConflict, "another control plane changed the same record"); }
}  // namespace

// Its caller's end.
class KubeLedger::Token final : public Operation {
 public:
  explicit Token(WaitingPtr waiting) : waiting_(std::move(waiting)) {}
  ~Token() override { waiting_->done = nullptr; }

 private:
  WaitingPtr waiting_;
};

KubeLedger::KubeLedger(KubeClient& client, Random& random, Logger log, Options options)
    : client_(client),
      random_(random),
      log_(log),
      options_(std::move(options)),
      current_at_(client.loop().wall()),
      again_(client.loop().timer([this] { wake(); })) {}
KubeLedger::~KubeLedger() = default;

KubeRequest KubeLedger::request(std::string method, std::string_view name, std::string body) const {
  KubeRequest out;
  out.path = secrets().path(options_.namespace_name, name);
  out.body = std::move(body);
  if (method == "PATCH") out.content_type = kube_patch::kMerge;
  out.method = std::move(method);
  return out;
}

Pending KubeLedger::load(Done done) {
  needs_read_ = true;
  return queue(readers_, {}, std::move(done));
}

Pending KubeLedger::sync(Done done) { return queue(readers_, {}, std::move(done)); }

JournalHealth KubeLedger::health() const {
  const std::optional<Error>& silent = watch_ != nullptr ? watch_->trouble() : trouble_;
  const std::optional<Error>& why = trouble_ ? trouble_ : silent;
  if (!why) return {true, client_.loop().wall(), ""};
  return {false, current_at_, str_cat("the Secret ", options_.name, ": ", why->detail)};
}

Result<std::optional<JoinToken>> KubeLedger::find_join_token(const Sha256Digest& hash) {
  return index_.join_token(ledger_join_key(hash));
}

Result<std::optional<AdminTokenRow>> KubeLedger::find_admin_token(const Sha256Digest& hash) {
  return index_.admin_token(ledger_admin_key(hash));
}

Result<std::optional<std::string>> KubeLedger::meta(std::string_view name) {
  const std::string* value = value_in(records_, str_cat(kLedgerMeta, name));
  return value == nullptr ? std::optional<std::string>() : std::optional<std::string>(*value);
}

size_t KubeLedger::bytes_after(const EtcdLedgerPlan::Changes& changes) const {
  EtcdMirrorRecords after = records_;
  for (const EtcdMirror::Change& change : changes) {
    after.erase(change.key);
    if (change.value) after[change.key].value = *change.value;
  }
  return ledger_secret_bytes(after);
}

// A change that makes it no larger is always taken: what is full can be emptied.
Result<EtcdLedgerPlan::Changes> KubeLedger::plan(const LedgerChange& change) const {
  HEDDLE_TRY(EtcdLedgerPlan::Changes changes, EtcdLedgerPlan(records_, index_, random_).make(change));
  auto fits = [this](const EtcdLedgerPlan::Changes& all) {
    size_t after = bytes_after(all);
    return after <= options_.max_bytes || after <= ledger_secret_bytes(records_);
  };
  if (fits(changes)) return changes;
  LedgerChange leaner = change;
  WallTime now = client_.loop().wall();
  leaner.emplace_back(ExpireRecords{now, now});
  HEDDLE_TRY(changes, EtcdLedgerPlan(records_, index_, random_).make(leaner));
  if (fits(changes)) return changes;
  return make_error(
      Reason::kTooLarge,
      str_cat(
          "the Secret ", options_.namespace_name, "/", options_.name, " is full (at most ",
          std::to_string(options_.max_bytes),
          " bytes): too many sidecars or tokens for --store kubernetes: use one control plane with --store sqlite, or "
          "shorter certificates (--svid-ttl), which are forgotten sooner"));
}

Pending KubeLedger::commit(LedgerChange change, Done done) {
  Result<EtcdLedgerPlan::Changes> changes = plan(change);
  if (changes && changes_.size() >= kMaxWaiting) {
    changes = make_error(Reason::kOverload, "too many changes of the ledger wait already");
  }
  bool is_over = !changes || changes->empty();
  if (!is_over) return queue(changes_, *std::move(changes), std::move(done));
  done(changes ? Result<void>() : Result<void>(std::move(changes).error()));
  return nullptr;
}

Pending KubeLedger::queue(std::deque<WaitingPtr>& where, EtcdLedgerPlan::Changes changes, Done done) {
  auto waiting = std::make_shared<Waiting>();
  waiting->done = std::move(done);
  for (EtcdMirror::Change& change : changes) {
    const std::string* was = value_in(records_, change.key);
    std::optional<std::string> value = was == nullptr ? std::nullopt : std::optional<std::string>(*was);
    waiting->conditions.push_back({std::move(change), std::move(value)});
  }
  where.push_back(waiting);
  wake();
  return std::make_unique<Token>(std::move(waiting));
}

// One request at a time, so that each answer is newer than the one before.
void KubeLedger::work() {
  if (is_busy_) return;
  if (!readers_.empty() || needs_read_) return read();
  if (!changes_.empty()) return write();
  if (!hint_.empty() && hint_ != version_) read();
}

void KubeLedger::read() {
  is_busy_ = true;
  again_->cancel();
  Batch readers(readers_.begin(), readers_.end());
  readers_.clear();
  hint_.clear();  // what is said from now on is newer than the answer, or costs one look
  call_ = client_.call(request("GET", options_.name, ""),
                       [this, readers = std::move(readers)](const KubeAnswer& answer) { on_read(readers, answer); });
}

void KubeLedger::on_read(const Batch& readers, const KubeAnswer& answer) {
  is_busy_ = false;
  if (answer.has_code(404) && version_.empty()) {
    for (const WaitingPtr& reader : readers) readers_.push_back(reader);
    return make();
  }
  Result<void> done = answer.is_ok() ? adopt(answer.object, false) : Result<void>(answer.failure->to_error());
  needs_read_ = !done && !version_.empty();
  if (needs_read_) {
    done = make_error(Reason::kUnavailable, done.error().detail);
    again_->arm(kAgain);
    Batch waiting(changes_.begin(), changes_.end());
    changes_.clear();
    finish(waiting, done);
  }
  trouble_ = done ? std::nullopt : std::optional<Error>(done.error());
  if (done && watch_ == nullptr) {
    KubeWatch::Selection only{secrets(), options_.namespace_name, "", str_cat("metadata.name=", options_.name)};
    watch_ = std::make_unique<KubeWatch>(client_, random_, std::move(only), static_cast<KubeWatch::Observer&>(*this));
  }
  if (!needs_read_) wake();
  finish(readers, done);
}

// Another control plane may be faster; who reads next sees it.
void KubeLedger::make() {
  is_busy_ = true;
  std::string body = new_ledger_secret(options_.namespace_name, options_.name);
  call_ = client_.call(request("POST", "", std::move(body)), [this](const KubeAnswer& answer) {
    is_busy_ = false;
    if (answer.is_ok() || answer.has_code(409)) return wake();
    finish(Batch(readers_.begin(), readers_.end()), answer.failure->to_error());
    readers_.clear();
  });
}

bool KubeLedger::holds(const Condition& condition,
                       const std::map<std::string, std::optional<std::string>>& over) const {
  auto changed = over.find(condition.change.key);
  if (changed != over.end()) return changed->second == condition.was;
  const std::string* now = value_in(records_, condition.change.key);
  return now == nullptr ? !condition.was : condition.was == *now;
}

// Those that fit together: who names a record that one before it changes was judged by something old.
KubeLedger::Batch KubeLedger::take_batch(EtcdLedgerPlan::Changes& all, Batch& refused) {
  Batch out;
  std::map<std::string, std::optional<std::string>> over;
  for (const WaitingPtr& one : std::exchange(changes_, {})) {
    bool is_new = std::all_of(one->conditions.begin(), one->conditions.end(),
                              [&](const Condition& condition) { return holds(condition, over); });
    bool is_tried = ++one->tries > kMaxTries;
    if (!is_new || is_tried) {
      refused.push_back(one);
      continue;
    }
    for (const Condition& condition : one->conditions) over[condition.change.key] = condition.change.value;
    out.push_back(one);
  }
  for (auto& [key, value] : over) all.push_back({key, std::move(value)});
  return out;
}

void KubeLedger::write() {
  EtcdLedgerPlan::Changes changes;
  Batch refused;
  Batch batch = take_batch(changes, refused);
  if (!batch.empty()) {
    is_busy_ = true;
    std::string body = ledger_patch(version_, changes);
    call_ = client_.call(request("PATCH", options_.name, std::move(body)),
                         [this, batch = std::move(batch)](const KubeAnswer& answer) { on_written(batch, answer); });
  }
  if (!is_busy_) wake();
  finish(refused, was_faster());
}

// Another record was changed: the same again, on top of it. An answer that says nothing leaves it unknown.
void KubeLedger::on_written(const Batch& batch, const KubeAnswer& answer) {
  is_busy_ = false;
  if (answer.has_code(409)) {
    changes_.insert(changes_.begin(), batch.begin(), batch.end());
    needs_read_ = true;
    return wake();
  }
  if (answer.is_ok()) {
    Result<void> done = adopt(answer.object, true);
    if (done) trouble_.reset();
    wake();
    return finish(batch, done);
  }
  Error why = answer.failure->to_error();
  log_.limited(LogLevel::kWarn, {"kube_ledger_write", 1}, "the Secret of the ledger could not be written",
               {{"name", options_.name}, {"error", why}});
  needs_read_ = true;
  wake();
  // What the API server refuses us is no fault of who asks us, but that the Secret is full, or asked too often.
  bool is_told = answer.has_code(413) || answer.has_code(429);
  if (!is_told) why = make_error(Reason::kUnavailable, why.detail);
  finish(batch, why);
}

void KubeLedger::set(const std::string& key, const std::string* value) {
  if (value == nullptr) {
    records_.erase(key);
  } else {
    records_[key].value = *value;
  }
  Result<void> read = index_.set(key, value);
  if (read) return;
  log_.limited(LogLevel::kError, {"kube_ledger_damaged"},
               "a record of the ledger cannot be read; it counts for nothing",
               {{"key", key}, {"reason", read.error()}});
}

Result<void> KubeLedger::adopt(const JsonValue& secret, bool is_ours) {
  HEDDLE_TRY(EtcdMirrorRecords now, read_ledger_secret(secret));
  std::string version = resource_version(secret);
  if (version.empty()) return make_error(Reason::kUpstreamProtocolError, "the Secret has no resourceVersion");
  current_at_ = client_.loop().wall();
  if (version == version_) return {};
  bool is_first = version_.empty();
  version_ = std::move(version);
  std::vector<std::string> changed;
  for (const auto& [key, record] : now) {
    const std::string* was = value_in(records_, key);
    if (was == nullptr || *was != record.value) changed.push_back(key);
  }
  for (const auto& [key, record] : records_) {
    if (!now.contains(key)) changed.push_back(key);
  }
  for (const std::string& key : changed) set(key, value_in(now, key));
  if (!is_first && !is_ours) tell(changed);
  return {};
}

void KubeLedger::tell(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    bool is_told = observer_ != nullptr && key.starts_with(kLedgerMeta);
    if (is_told) observer_->on_meta_changed(std::string_view(key).substr(kLedgerMeta.size()));
  }
}

void KubeLedger::finish(const Batch& all, const Result<void>& result) {
  for (const WaitingPtr& one : all) {
    if (Done done = std::exchange(one->done, nullptr)) done(result);
  }
}

void KubeLedger::on_synced(const std::vector<JsonValue>& objects) {
  for (const JsonValue& object : objects) hint_ = resource_version(object);
  wake();
}

void KubeLedger::on_put(const KubeKey&, const JsonValue& object) {
  hint_ = resource_version(object);
  wake();
}

void KubeLedger::on_delete(const KubeKey&) {
  needs_read_ = true;
  wake();
}
}  // namespace heddle
