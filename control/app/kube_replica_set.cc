#include "control/app/kube_replica_set.h"

#include <algorithm>
#include <utility>

#include "control/kube/kube_resource.h"
#include "control/replicas/other_replicas.h"

namespace heddle {
namespace {
const KubeResource& leases() {
  static const KubeResource resource{"coordination.k8s.io", "v1", "leases"};
  return resource;
}

constexpr size_t kProcessDigits = 12;  // of our id: enough to be of nobody else

KubeMembersState::Options options_of(const KubeReplicaSet::Parts& parts) {
  KubeMembersState::Options out;
  out.namespace_name = parts.namespace_name;
  out.mesh = parts.mesh;
  out.name = kube_member_lease(parts.mesh, parts.own.name, parts.own.id.substr(0, kProcessDigits));
  out.record = to_json(parts.own);
  out.lease = parts.lease;
  out.look = parts.look;
  out.forgotten = parts.forgotten;
  return out;
}

std::vector<KeptReplica> kept(const std::vector<KubeMembersState::Member>& members) {
  std::vector<KeptReplica> out;
  for (const KubeMembersState::Member& member : members) {
    Result<ReplicaRecord> record = parse_replica_record(member.record);
    out.push_back({member.lease, record ? std::optional(*std::move(record)) : std::nullopt, member.order});
  }
  return out;
}

std::optional<Error> trouble_of(const KubeAnswer& answer) {
  return answer.is_ok() ? std::nullopt : std::optional(answer.failure->to_error());
}
}  // namespace

KubeReplicaSet::KubeReplicaSet(Parts parts) : parts_(std::move(parts)), state_(options_of(parts_)) {
  timer_ = parts_.client.loop().timer([this] { step(); });
  timer_->arm(Duration(0));
}

KubeReplicaSet::~KubeReplicaSet() = default;

KubeRequest KubeReplicaSet::request(std::string method, std::string_view name) const {
  KubeRequest out;
  out.method = std::move(method);
  out.path = leases().path(parts_.namespace_name, name);
  out.attempt = out.whole = kAnswer;
  out.is_repeatable = out.method != "POST";
  return out;
}

// A list that is not answered must not hold up our renewal.
void KubeReplicaSet::step() {
  if (has_resigned_) return;
  MonoTime now = parts_.client.loop().now();
  if (!is_writing_ && state_.must_write(now)) write();
  if (!is_looking_ && state_.must_look(now)) look();
  if (!is_removing_) remove();
  // What is under way goes on with its answer.
  timer_->arm(std::max(state_.wake_at() - now, parts_.look / 8));
}

void KubeReplicaSet::write() {
  is_writing_ = true;
  KubeRequest what = state_.creates() ? request("POST", "") : request("PATCH", state_.name());
  what.body = state_.body(parts_.client.loop().wall()).compact();
  if (!state_.creates()) what.content_type = kube_patch::kMerge;
  writing_ = parts_.client.call(std::move(what), [this](const KubeAnswer& answer) { on_written(answer); });
}

void KubeReplicaSet::on_written(const KubeAnswer& answer) {
  is_writing_ = false;
  bool was_kept = state_.is_kept() && !write_trouble_;
  state_.on_written(parts_.client.loop().now(), answer);
  bool says_nothing = answer.has_code(404) || answer.has_code(409);
  if (!says_nothing) write_trouble_ = trouble_of(answer);
  if (write_trouble_) {
    parts_.log.limited(LogLevel::kWarn, {"kube-replica-write", 1}, "the API server does not keep our Lease",
                       {{"name", state_.name()}, {"error", *write_trouble_}});
  } else if (state_.is_kept() && !was_kept) {
    parts_.log.info("the other control planes see this one", {{"name", state_.name()}});
  }
  was_kept_ = was_kept_ || state_.is_kept();
  timer_->arm(Duration(0));
}

void KubeReplicaSet::look() {
  is_looking_ = true;
  KubeRequest what = request("GET", "");
  what.query = state_.query();
  MonoTime sent = parts_.client.loop().now();
  looking_ = parts_.client.call(std::move(what), [this, sent](const KubeAnswer& answer) { on_list(sent, answer); });
}

void KubeReplicaSet::on_list(MonoTime sent, const KubeAnswer& answer) {
  is_looking_ = false;
  Result<void> taken = state_.on_list(sent, parts_.client.loop().now(), answer);
  look_trouble_ = taken ? std::nullopt : std::optional(taken.error());
  if (look_trouble_) {
    parts_.log.limited(LogLevel::kWarn, {"replicas-unknown", 1}, "it is not known who the other control planes are",
                       {{"error", *look_trouble_}});
  }
  for (const KubeMembersState::Problem& problem : state_.take_problems()) {
    parts_.log.error("the Lease of a control plane counts for nothing",
                     {{"name", problem.lease}, {"why", problem.text}});
  }
  timer_->arm(Duration(0));
  tell();
}

void KubeReplicaSet::tell() {
  std::vector<ReplicaRecord> now = other_replicas(kept(state_.members()), parts_.own);
  if (now == others_) return;
  others_ = std::move(now);
  if (on_change_) on_change_();
}

// Of whatever is answered the next look knows more.
void KubeReplicaSet::remove() {
  std::optional<KubeMembersState::Removal> removal = state_.take_removal();
  if (!removal) return;
  is_removing_ = true;
  KubeRequest what = request("DELETE", removal->lease);
  what.body = std::move(removal->body);
  removing_ = parts_.client.call(std::move(what), [this, name = removal->lease](const KubeAnswer& answer) {
    is_removing_ = false;
    if (answer.is_ok()) parts_.log.info("removed the Lease of a control plane that is long gone", {{"name", name}});
    timer_->arm(Duration(0));
  });
}

void KubeReplicaSet::look_soon() {
  state_.look_soon(parts_.client.loop().now());
  timer_->arm(Duration(0));
}

Pending KubeReplicaSet::resign(Task done) {
  has_resigned_ = true;
  timer_->cancel();
  writing_.reset();
  looking_.reset();
  removing_.reset();
  KubeRequest what = request("DELETE", state_.name());
  what.attempt = what.whole = kResign;
  return parts_.client.call(std::move(what), [done = std::move(done)](const KubeAnswer&) mutable { done(); });
}
}  // namespace heddle
