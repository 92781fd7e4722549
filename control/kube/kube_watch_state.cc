#include "control/kube/kube_watch_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "control/kube/kube_limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// client-go's: 0.8 s, doubled up to 30 s, each drawn from once to twice that.
constexpr BackoffSpec kBackoff{1200ms, 2.0, 1.0 / 3, 45s};
constexpr Duration kShortest = 1s;  // a watch that ends sooner, without an event, has failed
constexpr Duration kOpen = 30s;     // for the head of a watch's answer
constexpr Duration kGrace = 15s;    // after timeoutSeconds, for the server to end it

Error malformed(std::string_view what) {
  return make_error(Reason::kUpstreamProtocolError, std::string(what), Origin::kUpstream);
}

// The document is shared by all that came with it: a copy of its own lets the others go, and nobody here reads what
// often is the greater part of an object.
JsonValue detached(const JsonValue& object) { return object.without({"metadata", "managedFields"}); }

std::string text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? std::string(found->as_string().value_or("")) : "";
}
}  // namespace

KubeWatchState::KubeWatchState(Random& random, Selection what)
    : random_(random), what_(std::move(what)), backoff_(random, kBackoff) {}

KubeWatchState::Step KubeWatchState::next(MonoTime now) {
  if (phase_ == Phase::kListDue && now >= due_) {
    phase_ = Phase::kListing;
    query_ = list_query();
    return Step::kList;
  }
  if (phase_ == Phase::kWatchDue && now >= due_) {
    phase_ = Phase::kOpening;
    opened_at_ = now;
    query_ = watch_query();
    heard_at_ = now;
    events_ = 0;
    return Step::kWatch;
  }
  if (is_watching() && now >= *wake_at()) {
    on_silence(now);
    return Step::kDrop;
  }
  return Step::kWait;
}

// Nothing is wrong with an open watch of what does not change: it is begun anew at once, which shows whether the server
// is there. But one that was restored from a backup says nothing until it reaches the version that we ask from, and
// then only what comes: so silence is not believed for ever.
void KubeWatchState::on_silence(MonoTime now) {
  if (phase_ == Phase::kOpening) {
    return watch_again(now, KubeStatus::of(make_error(Reason::kTimeout, "the watch was not opened in time")));
  }
  silent_ = events_ == 0 ? silent_ + 1 : 0;
  phase_ = Phase::kWatchDue;
  due_ = now;
  if (silent_ < kKubeSilentWatches) return;
  silent_ = 0;
  list_again(now, make_error(Reason::kTimeout, "the watch was silent for too long"));
}

std::optional<MonoTime> KubeWatchState::wake_at() const {
  if (phase_ == Phase::kListing) return std::nullopt;
  if (phase_ == Phase::kOpening) return opened_at_ + kOpen;
  if (phase_ == Phase::kWatching) return std::min(heard_at_ + kKubeSilence, ends_at_);
  return due_;
}

std::string KubeWatchState::selectors() const {
  std::string out;
  if (!what_.label_selector.empty()) out += str_cat("&labelSelector=", percent_encode(what_.label_selector));
  if (!what_.field_selector.empty()) out += str_cat("&fieldSelector=", percent_encode(what_.field_selector));
  return out;
}

std::string KubeWatchState::list_query() const {
  std::string out = str_cat("limit=", std::to_string(page_), selectors());
  if (!continue_.empty()) out += str_cat("&continue=", percent_encode(continue_));
  return out;
}

// Watches that were begun together do not end together.
std::string KubeWatchState::watch_query() {
  auto least = static_cast<uint64_t>(kKubeWatchLeast / 1s);
  uint64_t seconds = least + random_.below(least + 1);
  ends_at_ = opened_at_ + std::chrono::seconds(seconds) + kGrace;
  return str_cat("watch=true&allowWatchBookmarks=true&resourceVersion=", percent_encode(version_),
                 "&timeoutSeconds=", std::to_string(seconds), selectors());
}

void KubeWatchState::heard(MonoTime now) {
  heard_at_ = now;
  trouble_.reset();
  was_refused_ = false;
}

void KubeWatchState::on_page(MonoTime now, const KubeAnswer& answer) {
  if (phase_ != Phase::kListing) return;
  if (answer.failure) {
    const KubeStatus& why = *answer.failure;
    // The rest of a list is good for as long as the server keeps that version; what it says otherwise passes.
    bool may_go_on = why.code == 0 || why.code >= 500 || why.code == 429 || why.code == 401;
    if (!may_go_on) continue_.clear();
    if (why.why == Reason::kTooLarge) page_ = std::max<size_t>(page_ / 4, 1);
    return list_again(now, why.to_error(), why.retry_after);
  }
  heard(now);
  Result<void> taken = take_page(answer.object);
  if (!taken) {
    continue_.clear();
    return list_again(now, taken.error());
  }
  due_ = now;
  phase_ = Phase::kListDue;
  if (continue_.empty()) finish_list(text_of(answer.object, {"metadata", "resourceVersion"}));
}

Result<void> KubeWatchState::take_page(const JsonValue& page) {
  if (text_of(page, {"metadata", "resourceVersion"}).empty()) return malformed("a list without resourceVersion");
  // "items": null is what some servers write for none.
  JsonValue items = page.find("items").value_or(JsonValue());
  if (!items.is_array() && !items.is_null()) return malformed("a list without items");
  if (continue_.empty()) listed_.clear();
  for (size_t i = 0; i < items.size(); ++i) {
    JsonValue object = items.at(i);
    HEDDLE_TRY(KubeKey key, KubeKey::of(object));
    listed_.insert_or_assign(std::move(key), detached(object));
  }
  if (listed_.size() > kMaxKubeObjects) return make_error(Reason::kTooLarge, "a list of more than 200,000 objects");
  continue_ = text_of(page, {"metadata", "continue"});
  return {};
}

void KubeWatchState::finish_list(const std::string& version) {
  std::vector<KubeChange> found = inventory_.replace(std::exchange(listed_, {}));
  std::move(found.begin(), found.end(), std::back_inserter(changes_));
  version_ = version;
  page_ = kKubePage;
  synced_ = true;
  phase_ = Phase::kWatchDue;
}

void KubeWatchState::on_opened(MonoTime now, const KubeAnswer& answer) {
  if (phase_ != Phase::kOpening) return;
  if (answer.failure) return watch_again(now, *answer.failure);
  phase_ = Phase::kWatching;
  opened_at_ = now;
  heard(now);
}

void KubeWatchState::on_line(MonoTime now, std::string_view line) {
  if (phase_ != Phase::kWatching) return;
  heard(now);
  ++events_;
  silent_ = 0;
  Result<JsonValue> event = parse_kube_json(line, kMaxKubeObject);
  if (!event) return list_again(now, malformed(str_cat("an event that is no JSON: ", event.error().detail)));
  Result<void> taken = take_event(*event);
  if (!taken) list_again(now, taken.error());
}

Result<void> KubeWatchState::take_event(const JsonValue& event) {
  std::string type = text_of(event, {"type"});
  JsonValue object = event.find("object").value_or(JsonValue());
  if (type == "ERROR") return KubeStatus::of(object).to_error();
  std::string version = resource_version(object);
  if (version.empty()) return malformed("an event without resourceVersion");
  if (type != "BOOKMARK") {
    bool is_put = type == "ADDED" || type == "MODIFIED";
    if (!is_put && type != "DELETED") return malformed(str_cat("an event of the unknown type ", in_quotes(type)));
    HEDDLE_TRY(KubeKey key, KubeKey::of(object));
    auto change = is_put ? inventory_.put(std::move(key), detached(object)) : inventory_.remove(std::move(key));
    if (change) changes_.push_back(*std::move(change));
  }
  version_ = std::move(version);
  return {};
}

void KubeWatchState::on_closed(MonoTime now, const Error& why) {
  if (!is_watching()) return;
  if (why.reason == Reason::kTooLarge) return list_again(now, why);  // the same event would come again
  bool is_in_order = why.reason == Reason::kNone && (events_ != 0 || now - opened_at_ >= kShortest);
  if (!is_in_order) {
    bool says_why = why.reason != Reason::kNone;
    return watch_again(now, KubeStatus::of(says_why ? why : make_error(Reason::kUnavailable, "a watch ended at once")));
  }
  phase_ = Phase::kWatchDue;
  due_ = now;
}

void KubeWatchState::watch_again(MonoTime now, const KubeStatus& why) {
  // 400: this version is none to the server, as after it was restored from a backup.
  if (why.is_expired() || why.code == 400) return list_again(now, why.to_error(), why.retry_after);
  trouble_ = why.to_error();
  phase_ = Phase::kWatchDue;
  bool is_first_refusal = why.code == 401 && !std::exchange(was_refused_, true);
  due_ = is_first_refusal ? now : later(now, why.retry_after);
}

void KubeWatchState::list_again(MonoTime now, const Error& why, std::optional<Duration> retry_after) {
  if (synced_ && phase_ != Phase::kListing) ++relists_;
  if (phase_ != Phase::kListing) continue_.clear();
  trouble_ = why;
  phase_ = Phase::kListDue;
  due_ = later(now, retry_after);
}

MonoTime KubeWatchState::later(MonoTime now, std::optional<Duration> at_least) {
  if (failed_at_ && now - *failed_at_ >= kKubeHealthy) backoff_.reset();
  failed_at_ = now;
  return now + std::max(backoff_.next(), at_least.value_or(Duration(0)));
}
}  // namespace heddle
