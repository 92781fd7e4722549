#include "control/plan/rollout_state.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr EnumName<RolloutPhase> kPhases[] = {
    {"pending", RolloutPhase::kPending},       {"watching", RolloutPhase::kWatching},
    {"paused", RolloutPhase::kPaused},         {"committing", RolloutPhase::kCommitting},
    {"promoted", RolloutPhase::kPromoted},     {"aborted", RolloutPhase::kAborted},
    {"rolled-back", RolloutPhase::kRolledBack}};

void write_change(JsonWriter& out, const StoreOperation& operation, const std::optional<Version>& base) {
  const auto& put = std::get<PutOperation>(operation);
  out.begin_object().key("resource").value(put.envelope.document);
  if (base) out.field("expected", base->text());
  out.end_object();
}

std::optional<Version> read_version(JsonObject& object, std::string_view field) {
  std::optional<std::string> text = object.optional_string(field);
  if (!text) return std::nullopt;
  Result<Version> version = Version::parse(*text);
  if (version) return *version;
  object.problem(field, version.error().detail);
  return std::nullopt;
}

WallTime read_time(JsonObject& object, std::string_view field) {
  Result<WallTime> time = parse_time(object.string(field));
  if (time) return *time;
  object.problem(field, time.error().detail);
  return {};
}

void read_changes(JsonObject& object, WallTime created, Transaction& out, Problems& problems) {
  for (const JsonReader& element : object.array("changes", {1, Store::kMaxOperations})) {
    JsonObject change = element.object();
    PutOperation put;
    put.expected = read_version(change, "expected");
    put.created = created;
    std::optional<JsonReader> resource = change.required("resource");
    std::optional<Envelope> envelope;
    if (resource) envelope = read_envelope(resource->value(), {}, problems);
    change.finish();
    if (!envelope) continue;
    put.envelope = *std::move(envelope);
    out.emplace_back(std::move(put));
  }
}
}  // namespace

std::string_view to_text(RolloutPhase phase) noexcept { return kPhases[static_cast<size_t>(phase)].name; }

// What is new was created when the rollout began, in every view and in the version that keeps it: equal bytes. After
// that version no resource is at the version that was expected of it, and before it nobody else may change them.
RolloutState::RolloutState(What what) : what_(std::move(what)) {
  for (StoreOperation& operation : what_.changes) {
    auto& put = std::get<PutOperation>(operation);
    put.created = what_.started;
    base_.push_back(std::exchange(put.expected, std::nullopt));
  }
}

bool RolloutState::touches(const ResourceKey& key) const {
  return std::any_of(what_.changes.begin(), what_.changes.end(),
                     [&key](const StoreOperation& operation) { return key_of(operation) == key; });
}

bool RolloutState::is_same_rollout(const RolloutState& other) const {
  const What& its = other.what_;
  auto is_same = [](const StoreOperation& one, const StoreOperation& two) {
    return std::get<PutOperation>(one).envelope.document.compact() ==
           std::get<PutOperation>(two).envelope.document.compact();
  };
  return format_time(what_.started) == format_time(its.started) && what_.author == its.author &&
         what_.message == its.message && what_.spec == its.spec &&
         std::equal(what_.changes.begin(), what_.changes.end(), its.changes.begin(), its.changes.end(), is_same);
}

Result<void> RolloutState::allow(std::string_view step, std::initializer_list<RolloutPhase> phases) const {
  if (std::find(phases.begin(), phases.end(), phase_) != phases.end()) return {};
  std::string next = "there is nothing to do; heddle rollout status shows it";
  if (phase_ == RolloutPhase::kPaused) next = "heddle rollout resume, promote or abort";
  if (phase_ == RolloutPhase::kPending || phase_ == RolloutPhase::kWatching) {
    next = "heddle rollout pause, promote or abort";
  }
  return make_error(Reason::kConflict, str_cat("a rollout that is ", to_text(phase_), " cannot ", step, ": ", next),
                    Origin::kDownstream);
}

void RolloutState::enter(RolloutPhase phase, std::string why) {
  phase_ = phase;
  reason_ = std::move(why);
}

Result<void> RolloutState::pause(std::string why) {
  HEDDLE_CHECK_OK(allow("pause", {RolloutPhase::kPending, RolloutPhase::kWatching}));
  enter(RolloutPhase::kPaused, std::move(why));
  return {};
}

Result<void> RolloutState::resume() {
  HEDDLE_CHECK_OK(allow("resume", {RolloutPhase::kPaused}));
  enter(RolloutPhase::kPending, "");
  return {};
}

Result<void> RolloutState::promote(std::string why) {
  HEDDLE_CHECK_OK(allow("be promoted", {RolloutPhase::kPending, RolloutPhase::kWatching, RolloutPhase::kPaused}));
  ++stage_;
  bool is_last = stage_ + 1 >= what_.spec.stages.size();
  enter(is_last ? RolloutPhase::kCommitting : RolloutPhase::kPending, std::move(why));
  return {};
}

Result<void> RolloutState::abort(std::string why) {
  HEDDLE_CHECK_OK(allow("be aborted", {RolloutPhase::kPending, RolloutPhase::kWatching, RolloutPhase::kPaused}));
  enter(RolloutPhase::kAborted, std::move(why));
  return {};
}

void RolloutState::watch() {
  if (phase_ == RolloutPhase::kPending) enter(RolloutPhase::kWatching, "");
}

void RolloutState::watch_anew() {
  if (phase_ == RolloutPhase::kWatching) enter(RolloutPhase::kPending, "");
}

void RolloutState::roll_back(std::string why) {
  if (is_running()) enter(RolloutPhase::kRolledBack, std::move(why));
}

void RolloutState::finish(Version version) {
  if (!is_running()) return;
  version_ = version;
  stage_ = what_.spec.stages.size() - 1;
  enter(RolloutPhase::kPromoted, "");
}

std::string RolloutState::json() const {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("spec").begin_object();
  write_rollout_spec(out, what_.spec);
  out.end_object().field("author", what_.author).field("started", format_time(what_.started));
  if (!what_.message.empty()) out.field("message", what_.message);
  out.field("phase", to_text(phase_)).field("stage", stage_).field("floor", floor_).field("reason", reason_);
  if (version_) out.field("version", version_->text());
  out.key("changes").begin_array();
  for (size_t i = 0; i < base_.size(); ++i) write_change(out, what_.changes[i], base_[i]);
  out.end_array().end_object();
  return body;
}

Result<RolloutState> RolloutState::parse(std::string_view json) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(json, 2 * kMaxBytes));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  What what;
  JsonObject spec = object.object("spec");
  what.spec = read_rollout_spec(spec);
  spec.finish();
  what.author = object.string("author");
  what.message = object.optional_string("message").value_or("");
  what.started = read_time(object, "started");
  read_changes(object, what.started, what.changes, problems);
  RolloutState out(std::move(what));
  out.phase_ = object.optional_one_of("phase", kPhases).value_or(RolloutPhase::kAborted);
  if (out.phase_ == RolloutPhase::kWatching) out.phase_ = RolloutPhase::kPending;
  int64_t last = static_cast<int64_t>(std::max<size_t>(out.what_.spec.stages.size(), 1)) - 1;
  out.stage_ = static_cast<size_t>(object.integer("stage", {0, last}));
  out.floor_ = static_cast<BasisPoints>(object.integer("floor", {0, kFullShare}));
  out.reason_ = object.string("reason");
  out.version_ = read_version(object, "version");
  object.finish();
  if (problems.empty()) return out;
  return make_error(Reason::kConfigInvalid, problems.text());
}
}  // namespace heddle
