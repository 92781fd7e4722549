#include "control/kube/kube_members_state.h"

#include <algorithm>
#include <tuple>

#include "control/kube/kube_resource.h"
#include "control/kube/kube_time.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kMeshLabel = "heddle.dev/mesh";
constexpr std::string_view kRecord = "heddle.dev/replica";  // the annotation

std::string text_at(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? std::string(found->as_string().value_or("")) : "";
}

Duration duration_of(const JsonValue& object, Duration ours, Duration least) {
  std::optional<JsonValue> found = object.find({"spec", "leaseDurationSeconds"});
  int64_t seconds =
      std::clamp<int64_t>(found ? found->as_integer().value_or(0) : 0, 0, KubeMembersState::kMostDuration / 1s);
  return seconds == 0 ? ours : std::max<Duration>(std::chrono::seconds(seconds), least);
}

// "items": null is what some servers write for none.
bool is_list(const JsonValue& answer) {
  JsonValue items = answer.find("items").value_or(JsonValue());
  return !resource_version(answer).empty() && (items.is_array() || items.is_null());
}

// One that is the same and was not changed since.
std::string delete_options(const std::string& uid, const std::string& version) {
  return JsonValue::object()
      .with({"apiVersion"}, JsonValue::string("v1"))
      .with({"kind"}, JsonValue::string("DeleteOptions"))
      .with({"preconditions", "uid"}, JsonValue::string(uid))
      .with({"preconditions", "resourceVersion"}, JsonValue::string(version))
      .compact();
}
}  // namespace

// At most 63 bytes of each: 7 + 63 + 1 + 63 + 1 + 32 is far from the 253 that a name may have.
std::string kube_member_lease(std::string_view mesh, std::string_view name, std::string_view process) {
  return str_cat("heddle-", mesh, "-", name, "-", process);
}

// The whole of it, so that what somebody changed is set right by the next renewal.
JsonValue KubeMembersState::body(WallTime wall) const {
  std::string now = kube_micro_time(wall);
  JsonValue spec = JsonValue::object()
                       .with({"holderIdentity"}, JsonValue::string(options_.name))
                       .with({"leaseDurationSeconds"}, JsonValue::integer(options_.lease / 1s))
                       .with({"renewTime"}, JsonValue::string(now));
  if (creates()) spec = spec.with({"acquireTime"}, JsonValue::string(now));
  return JsonValue::object()
      .with({"apiVersion"}, JsonValue::string("coordination.k8s.io/v1"))
      .with({"kind"}, JsonValue::string("Lease"))
      .with({"metadata", "name"}, JsonValue::string(options_.name))
      .with({"metadata", "namespace"}, JsonValue::string(options_.namespace_name))
      .with({"metadata", "labels", kMeshLabel}, JsonValue::string(options_.mesh))
      .with({"metadata", "annotations", kRecord}, JsonValue::string(options_.record))
      .with({"spec"}, spec);
}

void KubeMembersState::on_written(MonoTime now, const KubeAnswer& answer) {
  bool was_deleted = is_there_ && answer.has_code(404);
  bool was_made = !is_there_ && answer.has_code(409);  // the answer before was lost
  write_at_ = now + (answer.is_ok() ? options_.look : options_.look / 2);
  if (was_deleted) write_at_ = now;
  if (was_deleted) is_there_ = is_kept_ = false;
  if (answer.is_ok() || was_made) is_there_ = true;
  if (answer.is_ok()) is_kept_ = true;
}

std::string KubeMembersState::query() const {
  return str_cat("labelSelector=", percent_encode(str_cat(kMeshLabel, "=", options_.mesh)),
                 "&limit=", std::to_string(kMaxMembers));
}

void KubeMembersState::look_soon(MonoTime now) {
  MonoTime at = looked_at_ ? std::max(now, *looked_at_ + kLeastBetweenLooks) : now;
  look_at_ = std::min(look_at_, at);
}

Result<void> KubeMembersState::on_list(MonoTime sent, MonoTime now, const KubeAnswer& answer) {
  look_later(now);
  if (!answer.is_ok()) return answer.failure->to_error();
  if (!is_list(answer.object)) return make_error(Reason::kUpstreamProtocolError, "the answer is no list of Leases");
  Duration passed = looked_at_ ? std::clamp<Duration>(sent - *looked_at_, Duration(0), 2 * options_.look) : Duration(0);
  looked_at_ = now;
  ++looks_;
  take_items(answer.object, passed);
  is_loaded_ = true;
  return {};
}

void KubeMembersState::take_items(const JsonValue& list, Duration passed) {
  for (auto& [name, lease] : leases_) lease.is_listed = false;
  removals_.clear();
  JsonValue items = list.find("items").value_or(JsonValue());
  bool has_ours = false;
  for (size_t i = 0; i < items.size(); ++i) {
    JsonValue item = items.at(i);
    std::string name = text_at(item, {"metadata", "name"});
    if (name == options_.name) {
      has_ours = true;
    } else if (Result<Lease> lease = read(item)) {
      see(name, *std::move(lease), passed);
    } else {
      refuse(name, lease.error().detail);
    }
  }
  // Of a list that is cut nobody is known to be missing.
  if (!text_at(list, {"metadata", "continue"}).empty()) {
    return refuse("", str_cat("there are more than ", std::to_string(kMaxMembers)));
  }
  std::erase_if(leases_, [](const auto& entry) { return !entry.second.is_listed; });
  if (is_there_ && !has_ours) {
    is_there_ = is_kept_ = false;
    write_at_ = *looked_at_;
  }
}

Result<KubeMembersState::Lease> KubeMembersState::read(const JsonValue& object) const {
  Lease out;
  out.uid = text_at(object, {"metadata", "uid"});
  out.version = resource_version(object);
  out.renewal = text_at(object, {"spec", "renewTime"});
  out.created = text_at(object, {"metadata", "creationTimestamp"});
  out.record = text_at(object, {"metadata", "annotations", kRecord});
  out.duration = duration_of(object, options_.lease, 3 * options_.look);
  if (out.uid.empty() || out.version.empty()) return make_error(Reason::kConfigInvalid, "no uid or resourceVersion");
  if (out.renewal.empty()) return make_error(Reason::kConfigInvalid, "no spec.renewTime");
  return out;
}

void KubeMembersState::see(const std::string& name, Lease lease, Duration passed) {
  if (lease.record.size() > kMaxRecord) {
    refuse(name, str_cat("its record is larger than ", std::to_string(kMaxRecord), " bytes"));
    lease.record.clear();
  }
  auto known = leases_.find(name);
  if (known == leases_.end() && leases_.size() >= kMaxMembers) return refuse(name, "there are too many");
  bool is_same = known != leases_.end() && known->second.uid == lease.uid;
  lease.since = is_same ? known->second.since : looks_;
  if (is_same && known->second.renewal == lease.renewal) lease.silent = known->second.silent + passed;
  if (lease.silent >= options_.forgotten * lease.duration)
    removals_[name] = {name, delete_options(lease.uid, lease.version)};
  leases_[name] = std::move(lease);
}

void KubeMembersState::refuse(const std::string& name, std::string text) {
  if (refused_.size() >= kMaxMembers) refused_.clear();
  if (refused_.insert(name).second) problems_.push_back({name, std::move(text)});
}

std::optional<KubeMembersState::Removal> KubeMembersState::take_removal() {
  if (removals_.empty()) return std::nullopt;
  auto first = removals_.extract(removals_.begin());
  return std::move(first.mapped());
}

std::vector<KubeMembersState::Member> KubeMembersState::members() const {
  std::vector<const std::map<std::string, Lease>::value_type*> there;
  for (const auto& entry : leases_) {
    if (!entry.second.is_gone()) there.push_back(&entry);
  }
  auto came_before = [](const auto* a, const auto* b) {
    return std::tie(a->second.since, a->second.created) < std::tie(b->second.since, b->second.created);
  };
  std::stable_sort(there.begin(), there.end(), came_before);
  std::vector<Member> out;
  out.reserve(there.size());
  for (const auto* entry : there) {
    out.push_back({entry->first, entry->second.record, static_cast<int64_t>(out.size())});
  }
  return out;
}
}  // namespace heddle
