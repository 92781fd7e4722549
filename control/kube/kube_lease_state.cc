#include "control/kube/kube_lease_state.h"

#include <algorithm>

#include "control/kube/kube_resource.h"
#include "control/kube/kube_time.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr double kJitter = 1.2;  // a candidate waits retry * [1, 1 + this]

std::string text_of(const JsonValue& spec, std::string_view field) {
  std::optional<JsonValue> found = spec.find(field);
  return found ? std::string(found->as_string().value_or("")) : "";
}

int64_t number_of(const JsonValue& spec, std::string_view field) {
  std::optional<JsonValue> found = spec.find(field);
  return std::max<int64_t>(found ? found->as_integer().value_or(0) : 0, 0);
}
}  // namespace

bool KubeLeaseState::may_take(MonoTime now) const {
  return lease_.is_null() || holder_.empty() || is_mine() || now >= observed_at_ + duration_;
}

KubeLeaseState::Step KubeLeaseState::next(MonoTime now) const {
  if (now < ask_at_) return Step::kWait;
  if (!is_known_ || !may_take(now)) return Step::kGet;
  return lease_.is_null() ? Step::kCreate : Step::kUpdate;
}

MonoTime KubeLeaseState::wake_at(MonoTime now) const {
  MonoTime at = is_leader(now) ? std::min(ask_at_, *valid_until_) : ask_at_;
  return std::max(at, now);
}

// Whoever reads a record that differs from the last one has seen a sign of life.
bool KubeLeaseState::observe(MonoTime now, const JsonValue& lease) {
  JsonValue spec = lease.find("spec").value_or(JsonValue::object());
  if (!spec.is_object() || resource_version(lease).empty()) return false;
  std::string record = spec.compact();
  if (record != record_ || !is_known_) observed_at_ = now;
  record_ = std::move(record);
  lease_ = lease;
  is_known_ = true;
  holder_ = text_of(spec, "holderIdentity");
  acquired_ = text_of(spec, "acquireTime");
  duration_ = std::chrono::seconds(std::min<int64_t>(number_of(spec, "leaseDurationSeconds"), 24 * 3600));
  if (duration_ == Duration(0)) duration_ = options_.lease;
  transitions_ = number_of(spec, "leaseTransitions");
  return true;
}

void KubeLeaseState::ask_later(MonoTime now) {
  double spread = 1.0 + kJitter * random_.unit();
  ask_at_ = now + Duration(static_cast<int64_t>(static_cast<double>(options_.retry.count()) * spread));
}

void KubeLeaseState::on_found(MonoTime now, const KubeAnswer& answer) {
  ask_later(now);
  if (answer.has_code(404)) {
    lease_ = JsonValue();
    record_.clear();
    holder_.clear();
    transitions_ = 0;
    is_known_ = true;
    valid_until_.reset();  // somebody deleted it, and another one may have made it anew
    ask_at_ = now;
    return;
  }
  if (!answer.is_ok() || !observe(now, answer.object)) return;
  if (!is_mine()) valid_until_.reset();
  // A record of ours that we do not lead by is of an answer that was lost, or of our last life: taken at once.
  if (may_take(now)) ask_at_ = now;
}

void KubeLeaseState::on_written(MonoTime sent, MonoTime now, const KubeAnswer& answer) {
  if (answer.is_ok() && observe(now, answer.object) && is_mine()) {
    valid_until_ = sent + options_.renew;
    ask_at_ = now + options_.retry;
    return;
  }
  // Lost the race, or unknown whether it was done: what is there says it. A leader goes on until its time is over.
  is_known_ = false;
  ask_later(now);
  if (is_leader(now)) ask_at_ = answer.has_code(409) ? now : now + options_.retry;
}

std::optional<int64_t> KubeLeaseState::term(MonoTime now) const {
  if (!is_leader(now)) return std::nullopt;
  return transitions_;
}

JsonValue KubeLeaseState::with_spec(std::string_view holder, int64_t seconds, std::string_view renew_time,
                                    std::string_view acquired, int64_t transitions) const {
  JsonValue spec = JsonValue::object()
                       .with({"holderIdentity"}, JsonValue::string(holder))
                       .with({"leaseDurationSeconds"}, JsonValue::integer(seconds))
                       .with({"renewTime"}, JsonValue::string(renew_time))
                       .with({"acquireTime"}, JsonValue::string(acquired))
                       .with({"leaseTransitions"}, JsonValue::integer(transitions));
  JsonValue out = lease_.is_null() ? JsonValue::object() : lease_.without({"metadata", "managedFields"});
  return out.with({"apiVersion"}, JsonValue::string("coordination.k8s.io/v1"))
      .with({"kind"}, JsonValue::string("Lease"))
      .with({"metadata", "name"}, JsonValue::string(options_.name))
      .with({"metadata", "namespace"}, JsonValue::string(options_.namespace_name))
      .with({"spec"}, spec);
}

JsonValue KubeLeaseState::body(WallTime wall) const {
  std::string now = kube_micro_time(wall);
  bool is_new = lease_.is_null();
  bool renews = !is_new && is_mine();
  return with_spec(options_.self, options_.lease / 1s, now, renews ? acquired_ : now,
                   renews || is_new ? transitions_ : transitions_ + 1);
}

JsonValue KubeLeaseState::released_body(WallTime wall) const {
  std::string now = kube_micro_time(wall);
  return with_spec("", 1, now, now, transitions_);
}
}  // namespace heddle
