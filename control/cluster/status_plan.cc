#include "control/cluster/status_plan.h"

#include <algorithm>

#include "control/cluster/taken_over.h"

namespace heddle {
namespace {
bool is_same(const ObjectCondition& a, const ObjectCondition& b, bool with_message) {
  return a.type == b.type && a.status == b.status && a.reason == b.reason && (!with_message || a.message == b.message);
}

bool is_same(const std::vector<ObjectCondition>& a, const std::vector<ObjectCondition>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& one, const auto& other) { return is_same(one, other, true); });
}

std::string_view version_of(const JsonValue& object) { return text_at(object, {"metadata", "resourceVersion"}); }
}  // namespace

int64_t generation_of(const JsonValue& object) {
  std::optional<JsonValue> found = object.find({"metadata", "generation"});
  return found ? found->as_integer().value_or(0) : 0;
}

const JsonValue* StatusPlan::seen(const ResourceKey& key) const {
  auto found = objects_.resources().find(key);
  return found == objects_.resources().end() ? nullptr : &found->second;
}

void StatusPlan::want(const ResourceKey& key, std::vector<ObjectCondition> wanted, MonoTime now) {
  const JsonValue* object = seen(key);
  if (object == nullptr) return;
  auto [at, is_new] = entries_.try_emplace(key);
  Entry& entry = at->second;
  int64_t generation = generation_of(*object);
  if (!is_new && entry.generation == generation && is_same(entry.wanted, wanted)) return;
  entry.wanted = std::move(wanted);
  entry.generation = generation;
  entry.changed = now;
  if (!entry.moving) entry.moving = now;
  open_.insert(key);
}

void StatusPlan::on_seen(const ResourceKey& key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (seen(key) != nullptr) {
    open_.insert(key);
    return;
  }
  open_.erase(key);
  if (found->second.is_under_way) --under_way_;
  entries_.erase(found);
}

void StatusPlan::reopen() {
  for (auto& [key, entry] : entries_) {
    entry.is_told = false;
    if (!entry.is_under_way) entry.tried_at.clear();
    open_.insert(key);
  }
}

// Against what was told last: all but the message of Programmed is as it was.
bool StatusPlan::is_only_moving(const Entry& entry) {
  if (!entry.is_told || entry.told_generation != entry.generation) return false;
  return std::equal(
      entry.wanted.begin(), entry.wanted.end(), entry.told.begin(), entry.told.end(),
      [](const ObjectCondition& a, const ObjectCondition& b) { return is_same(a, b, a.type != "Programmed"); });
}

bool StatusPlan::says_the_same(const Entry& entry) {
  return entry.told_generation == entry.generation && is_same(entry.wanted, entry.told);
}

bool StatusPlan::is_due(const Entry& entry, const JsonValue& object, MonoTime now) const {
  if (entry.is_under_way || entry.generation != generation_of(object) || version_of(object) == entry.tried_at)
    return false;
  Duration pause = std::min(kEach * (1 << std::min(entry.repeats, 10)), Duration(kRarely));
  if (entry.written && now < *entry.written + pause) return false;
  if (says_the_same(entry) || !is_only_moving(entry)) return true;
  return now >= *entry.changed + kEach || now >= *entry.moving + kMoving;
}

std::optional<JsonValue> StatusPlan::patch_of(const ResourceKey& key, const Entry& entry, const JsonValue& object,
                                              WallTime wall) {
  bool is_of_route = is_route(key.kind);
  std::optional<JsonValue> status;
  if (is_of_route) {
    std::vector<ParentStatus> ours;
    for (JsonValue& parent : our_parents(object)) ours.push_back({std::move(parent), entry.wanted});
    status = route_status(object, entry.generation, ours, wall);
  } else {
    status = policy_status(object, entry.generation, entry.wanted, wall);
  }
  if (!status) return std::nullopt;
  std::string_view member = is_of_route ? "parents" : "conditions";
  return JsonValue::object()
      .with({"metadata", "resourceVersion"}, JsonValue::string(version_of(object)))
      .with({"status", member}, status->find(member).value_or(JsonValue::array()));
}

std::optional<StatusPlan::Write> StatusPlan::next(MonoTime now, WallTime wall) {
  for (auto at = open_.begin(); under_way_ < kAtOnce && at != open_.end();) {
    const JsonValue* object = seen(*at);
    auto found = entries_.find(*at);
    if (object == nullptr || found == entries_.end()) {
      at = open_.erase(at);
      continue;
    }
    if (!is_due(found->second, *object, now)) {
      ++at;
      continue;
    }
    std::optional<JsonValue> patch = patch_of(found->first, found->second, *object, wall);
    if (patch && !bucket_.take(now)) return std::nullopt;
    at = open_.erase(at);
    note_told(found->second, patch.has_value());
    if (!patch) continue;
    begin(found->second, *object, now);
    return Write{found->first, *std::move(patch)};
  }
  return std::nullopt;
}

void StatusPlan::note_told(Entry& entry, bool is_written) {
  if (is_written) entry.repeats = says_the_same(entry) ? entry.repeats + 1 : 0;
  entry.told = entry.wanted;
  entry.told_generation = entry.generation;
  entry.is_told = true;
  entry.moving.reset();
}

void StatusPlan::begin(Entry& entry, const JsonValue& object, MonoTime now) {
  entry.written = now;
  entry.tried_at = version_of(object);
  entry.is_under_way = true;
  ++under_way_;
}

void StatusPlan::on_written(const ResourceKey& key, Outcome outcome, MonoTime now) {
  auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.is_under_way) return;
  Entry& entry = found->second;
  entry.is_under_way = false;
  --under_way_;
  entry.written = now;
  entry.is_told = outcome == Outcome::kDone;
  if (outcome == Outcome::kRefused) return;
  open_.insert(key);  // what the watch tells of it is compared
  if (outcome == Outcome::kConflict) {
    entry.repeats = 0;
    entry.written = now - kEach + kAfterConflict;
  }
  if (outcome == Outcome::kFailed) entry.tried_at.clear();  // perhaps it was done: the resourceVersion will say
}
}  // namespace heddle
