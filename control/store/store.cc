#include "control/store/store.h"

#include <set>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
struct Store::Waiting {
  CommitRequest request;
  Admission admission;
  CommitDone done;  // empty: nobody waits any more
  int tries = 0;

  // Its caller's end.
  class Token final : public Operation {
   public:
    explicit Token(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}
    ~Token() override { waiting_->done = nullptr; }

   private:
    std::shared_ptr<Waiting> waiting_;
  };
};

struct Store::Prepared {
  Version next;
  Event event;
  View view;
  Commit commit;
  std::set<ResourceKey> seen;
};

namespace {
Result<void> check_expected(const ResourceKey& key, const StoredResource* current, std::optional<Version> expected) {
  if (!expected) return {};
  if (*expected == Version{} && current == nullptr) return {};
  if (current != nullptr && current->meta().version == *expected) return {};
  if (*expected == Version{}) return make_error(Reason::kConflict, str_cat(key.text(), " exists already"));
  std::string found =
      current == nullptr ? std::string("does not exist") : str_cat("is at ", current->meta().version.text());
  return make_error(Reason::kConflict, str_cat(key.text(), " ", found, ", not at the expected resourceVersion ",
                                               expected->text(), "; read it again"));
}

bool has_same_spec(const JsonValue& a, const JsonValue& b) {
  return a.find("spec").value_or(JsonValue()) == b.find("spec").value_or(JsonValue());
}

// The log as the journal remembers it: walks from the newest view back to the oldest known one.
EventLog rebuild_log(const JournalState& state, EventLog::Limits limits) {
  View view;
  for (const StoredResource::Ptr& resource : state.resources) view = view.with(resource);
  view = view.at(state.version);
  std::vector<Event> events;
  for (const JournalState::Past& past : state.history) {
    Event event{view.version(), past.note, {}, view};
    for (const JournalState::Undo& undo : past.undos) {
      event.changes.push_back({undo.key, undo.before, event.after.find(undo.key)});
      view = undo.before == nullptr ? view.without(undo.key) : view.with(undo.before);
    }
    view = view.at({event.version.epoch, event.version.sequence - 1});
    events.push_back(std::move(event));
  }
  EventLog log(std::move(view), limits);
  for (auto event = events.rbegin(); event != events.rend(); ++event) log.append(std::move(*event));
  return log;
}
}  // namespace

const ResourceKey& key_of(const StoreOperation& operation) noexcept {
  if (const auto* put = std::get_if<PutOperation>(&operation)) return put->envelope.key;
  return std::get<EraseOperation>(operation).key;
}

Store::Store(Access, Journal& journal, Scheduler& scheduler, Random& random, Options options)
    : journal_(journal), scheduler_(scheduler), random_(random), options_(options), log_(View(), options.log) {
  step_timer_ = scheduler.timer([this] { step(); });
  winner_timer_ = scheduler.timer([this] { give_up_winner(); });
}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(Journal& journal, Scheduler& scheduler, Random& random, Options options) {
  auto store = std::make_unique<Store>(Access(), journal, scheduler, random, options);
  HEDDLE_TRY(JournalState state, journal.replay(*store));
  store->log_ = rebuild_log(state, options.log);
  return store;
}

Pending Store::commit(CommitRequest request, Admission admission, CommitDone done) {
  auto waiting = std::make_shared<Waiting>(Waiting{std::move(request), std::move(admission), std::move(done)});
  if (waiting_.empty() && version() < lost_to_) winner_timer_->arm(kWaitForWinner);
  if (waiting_.size() >= kMaxWaiting) {
    waiting->request = {};
    too_many_.push_back(waiting);
  } else {
    waiting_.push_back(waiting);
  }
  step_timer_->arm(Duration(0));
  return std::make_unique<Waiting::Token>(std::move(waiting));
}

void Store::refuse_too_many() {
  for (const std::shared_ptr<Waiting>& one : std::exchange(too_many_, {})) {
    if (CommitDone done = std::move(one->done)) {
      done(make_error(Reason::kOverload, str_cat(std::to_string(kMaxWaiting), " changes wait already; try again")));
    }
  }
}

// All wait for the same version. Whoever comes later waits as long.
void Store::give_up_winner() {
  if (version() >= lost_to_) return;
  for (const std::shared_ptr<Waiting>& one : std::exchange(waiting_, {})) {
    if (CommitDone done = std::move(one->done)) {
      done(make_error(Reason::kUnavailable, "the store does not say what others wrote; nothing was changed"));
    }
  }
}

void Store::step() {
  refuse_too_many();
  while (appending_ == nullptr && version() >= lost_to_ && !waiting_.empty()) {
    Waiting& first = *waiting_.front();
    if (!first.done) {
      waiting_.pop_front();
      continue;
    }
    if (closed_ && !first.request.is_of_source) {
      finish(Error(*closed_));
      continue;
    }
    Result<Prepared> prepared = prepare(first.request, first.admission);
    if (!prepared) {
      finish(std::move(prepared).error());
    } else if (prepared->event.changes.empty()) {
      finish(std::move(prepared->commit));
    } else {
      append(*std::move(prepared));
    }
  }
}

void Store::append(Prepared prepared) {
  appending_ = std::make_unique<Prepared>(std::move(prepared));
  Pending token = journal_.append(appending_->event, [this](Result<void> result) { on_appended(std::move(result)); });
  if (appending_ != nullptr) append_ = std::move(token);
}

void Store::on_appended(Result<void> result) {
  std::unique_ptr<Prepared> prepared = std::move(appending_);
  Pending over = std::move(append_);
  step_timer_->arm(Duration(0));
  if (result) {
    log_.append(std::move(prepared->event));
    announce(prepared->next);
    return finish(std::move(prepared->commit));
  }
  bool is_lost = result.error().reason == Reason::kConflict;
  if (!is_lost || ++waiting_.front()->tries >= kMaxTries) return finish(std::move(result).error());
  lost_to_ = prepared->next;
  winner_timer_->arm(kWaitForWinner);
}

void Store::finish(Result<Commit> result) {
  std::shared_ptr<Waiting> first = std::move(waiting_.front());
  waiting_.pop_front();
  if (CommitDone done = std::move(first->done)) done(std::move(result));
}

void Store::on_event(ForeignEvent foreign) {
  if (foreign.version <= version()) return;
  Event event{foreign.version, std::move(foreign.note), {}, view()};
  for (ForeignEvent::Put& put : foreign.puts) {
    StoredResource::Ptr before = event.after.find(put.key);
    event.after = put.now == nullptr ? event.after.without(put.key) : event.after.with(put.now);
    event.changes.push_back({std::move(put.key), std::move(before), std::move(put.now)});
  }
  event.after = event.after.at(foreign.version);
  log_.append(std::move(event));
  announce(foreign.version);
  step_timer_->arm(Duration(0));
}

void Store::on_reset(JournalState state) {
  log_ = rebuild_log(state, options_.log);
  announce(version());
  step_timer_->arm(Duration(0));
}

Result<Commit> Store::preview(const CommitRequest& request, Admission admission) const {
  HEDDLE_TRY(Prepared prepared, prepare(request, admission));
  return std::move(prepared.commit);
}

Result<Store::Prepared> Store::prepare(const CommitRequest& request, Admission& admission) const {
  if (request.operations.size() > kMaxOperations) {
    return make_error(Reason::kTooLarge, "a transaction has at most 10,000 operations");
  }
  if (request.expected && *request.expected != version()) {
    return make_error(Reason::kConflict, str_cat("the mesh is at version ", version().text(), ", not at the expected ",
                                                 request.expected->text(), "; see what has changed since"));
  }
  Prepared out;
  out.view = view();
  out.next = {version().epoch, version().sequence + 1};
  for (const StoreOperation& operation : request.operations) HEDDLE_CHECK_OK(apply(out, operation));
  if (!out.event.changes.empty()) out.view = out.view.at(out.next);
  if (out.view.total_bytes() > options_.max_bytes) {
    return make_error(Reason::kTooLarge,
                      str_cat("all resources together would have ", std::to_string(out.view.total_bytes()),
                              " bytes; at most ", std::to_string(options_.max_bytes), " are allowed"));
  }
  if (admission) HEDDLE_CHECK_OK(admission(out.view));
  out.event.version = out.next;
  out.event.note = {request.author, request.message, scheduler_.wall()};
  out.event.after = out.view;
  out.commit.version = out.view.version();
  out.commit.after = out.view;
  return out;
}

Result<void> Store::apply(Prepared& out, const StoreOperation& operation) const {
  const ResourceKey& key = key_of(operation);
  if (!out.seen.insert(key).second) {
    return make_error(Reason::kBadRequest, str_cat(key.text(), " appears twice in one transaction"));
  }
  const auto* put_operation = std::get_if<PutOperation>(&operation);
  HEDDLE_TRY(StoreOutcome outcome,
             put_operation != nullptr ? put(out, *put_operation) : erase(out, std::get<EraseOperation>(operation)));
  out.commit.outcomes.push_back(outcome);
  return {};
}

Result<StoreOutcome> Store::put(Prepared& out, const PutOperation& operation) const {
  const Envelope& envelope = operation.envelope;
  StoredResource::Ptr current = out.view.find(envelope.key);
  HEDDLE_CHECK_OK(check_expected(envelope.key, current.get(), operation.expected));
  ResourceMeta meta = current != nullptr
                          ? current->meta()
                          : ResourceMeta{make_uid(), 1, operation.created.value_or(scheduler_.wall()), {}};
  if (operation.is_restored && operation.created) meta.created = *operation.created;
  HEDDLE_TRY(std::string bytes, served_bytes(envelope, meta.created));
  if (current != nullptr && current->bytes() == bytes) return StoreOutcome::kUnchanged;
  if (current != nullptr && !has_same_spec(current->document(), envelope.document)) ++meta.generation;
  meta.version = out.next;
  HEDDLE_TRY(StoredResource::Ptr now, StoredResource::make_valid(envelope.key, bytes, std::move(meta)));
  out.view = out.view.with(now);
  out.event.changes.push_back({envelope.key, current, std::move(now)});
  return current == nullptr ? StoreOutcome::kCreated : StoreOutcome::kUpdated;
}

Result<StoreOutcome> Store::erase(Prepared& out, const EraseOperation& operation) const {
  StoredResource::Ptr current = out.view.find(operation.key);
  HEDDLE_CHECK_OK(check_expected(operation.key, current.get(), operation.expected));
  if (current == nullptr) return make_error(Reason::kNotFound, str_cat(operation.key.text(), " does not exist"));
  out.view = out.view.without(operation.key);
  out.event.changes.push_back({operation.key, std::move(current), nullptr});
  return StoreOutcome::kErased;
}

// A random UUID (RFC 4122 §4.4).
std::string Store::make_uid() const {
  uint64_t words[2] = {random_.next(), random_.next()};
  words[0] = (words[0] & ~0xF000ULL) | 0x4000ULL;
  words[1] = (words[1] & ~(3ULL << 62)) | (2ULL << 62);
  std::string hex;
  for (uint64_t word : words) {
    for (int shift = 60; shift >= 0; shift -= 4) hex.push_back("0123456789abcdef"[(word >> shift) & 15]);
  }
  for (size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

StoreSubscription Store::on_commit(UniqueFunction<void(Version)> call) {
  auto listener = std::make_shared<Listener>(Listener{std::move(call)});
  listeners_.push_back(listener);
  return StoreSubscription(std::move(listener));
}

void Store::announce(Version version) {
  std::erase_if(listeners_, [](const std::weak_ptr<Listener>& listener) { return listener.expired(); });
  std::vector<std::weak_ptr<Listener>> now = listeners_;
  for (const std::weak_ptr<Listener>& weak : now) {
    if (std::shared_ptr<Listener> listener = weak.lock()) listener->call(version);
  }
}
}  // namespace heddle
