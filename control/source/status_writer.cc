#include "control/source/status_writer.h"

#include <utility>

#include "control/cluster/taken_over.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAttempt = 5s;

std::string object_text(const ResourceKey& key) { return str_cat(info(key.kind).name, " ", key.ns, "/", key.name); }

bool has_no_subresource(const KubeStatus& status) {
  return status.code == 404 && status.message.find("could not find the requested resource") != std::string::npos;
}
}  // namespace

StatusWriter::StatusWriter(Parts parts)
    : parts_(std::move(parts)),
      plan_(parts_.source.objects(), parts_.loop.now()),
      events_(parts_.loop.now()),
      again_at_(parts_.loop.now() + kAgain),
      look_timer_(parts_.loop.timer([this] {
        will_look_ = false;
        look_timer_->arm(kLook);
        look();
      })),
      pump_timer_(parts_.loop.timer([this] { pump(); })) {
  parts_.source.set_observer(this);
  look_timer_->arm(kLook);
}

StatusWriter::~StatusWriter() { parts_.source.set_observer(nullptr); }

size_t StatusWriter::accepted(Kind kind) const {
  auto found = judged_.find(kind);
  return found == judged_.end() ? 0 : found->second.first;
}

size_t StatusWriter::refused(Kind kind) const {
  auto found = judged_.find(kind);
  return found == judged_.end() ? 0 : found->second.second;
}

void StatusWriter::on_object(const ResourceKey& key) {
  plan_.on_seen(key);
  pump_soon();
}

// The sidecars are given a moment: one write then says all.
void StatusWriter::on_current() {
  if (!std::exchange(will_look_, true)) look_timer_->arm(kSoon);
}

// What is not in the store yet cannot be live, and would be told of the version before.
void StatusWriter::look() {
  if (!parts_.source.is_current()) return;
  bool may_write = parts_.may_write();
  if (may_write && !std::exchange(did_write_, may_write)) plan_.reopen();
  did_write_ = may_write;
  ProblemsOf problems;
  for (const ClusterProblem& one : parts_.source.problems()) problems[one.object].emplace_back(one.field, one.message);
  Programmed programmed = parts_.programmed();
  judged_.clear();
  for (const auto& [key, object] : parts_.source.objects().resources()) judge(key, problems, programmed);
  if (!may_write) return;
  for (const ClusterProblem& one : parts_.source.problems()) events_.want(one);
  try_again();
  pump();
}

void StatusWriter::judge(const ResourceKey& key, const ProblemsOf& problems, const Programmed& programmed) {
  const JsonValue& object = parts_.source.objects().resources().at(key);
  if (is_route(key.kind) && our_parents(object).empty()) return plan_.want(key, {}, parts_.loop.now());
  ObjectVerdict verdict;
  if (auto found = problems.find(object_text(key)); found != problems.end()) verdict.problems = found->second;
  auto& [accepted, refused] = judged_[key.kind];
  ++(verdict.problems.empty() ? accepted : refused);
  StoredResource::Ptr stored = parts_.store.view().find(key);
  if (stored != nullptr) verdict.programmed = programmed(*stored);
  plan_.want(key, conditions_of(verdict), parts_.loop.now());
}

void StatusWriter::pump_soon() {
  if (!std::exchange(will_pump_, true)) pump_timer_->arm(kPump);
}

void StatusWriter::pump() {
  will_pump_ = false;
  if (!parts_.source.is_synced() || !parts_.may_write()) return;
  MonoTime now = parts_.loop.now();
  while (std::optional<StatusPlan::Write> next = plan_.next(now, parts_.loop.wall())) write(*std::move(next));
  send_event();
  bool is_idle = plan_.waiting() == 0 && events_.waiting() == 0;
  if (!is_idle) pump_soon();
}

void StatusWriter::write(StatusPlan::Write next) {
  std::optional<KubeResource> resource = parts_.source.resource_of(next.key.kind);
  if (!resource || off_.contains(next.key.kind)) {
    return plan_.on_written(next.key, StatusPlan::Outcome::kRefused, parts_.loop.now());
  }
  KubeRequest request;
  request.method = "PATCH";
  request.path = resource->path(next.key.ns, next.key.name, "status");
  request.body = next.patch.compact();
  request.content_type = kube_patch::kMerge;
  request.attempt = request.whole = kAttempt;
  calls_[next.key] = parts_.client.call(
      std::move(request), [this, key = next.key](const KubeAnswer& answer) { on_answer(ResourceKey(key), answer); });
}

void StatusWriter::on_answer(const ResourceKey& key, const KubeAnswer& answer) {
  calls_.erase(key);
  StatusPlan::Outcome outcome = StatusPlan::Outcome::kDone;
  if (answer.is_ok()) ++counts_.done;
  if (!answer.is_ok()) outcome = outcome_of(key, *answer.failure);
  plan_.on_written(key, outcome, parts_.loop.now());
  pump_soon();
}

StatusPlan::Outcome StatusWriter::outcome_of(const ResourceKey& key, const KubeStatus& failure) {
  if (failure.code == 409) {
    ++counts_.conflicts;
    return StatusPlan::Outcome::kConflict;
  }
  bool is_gone = failure.code == 404 && !has_no_subresource(failure);
  if (is_gone) return StatusPlan::Outcome::kRefused;
  if (failure.code >= 400 && failure.code < 500 && failure.code != 401 && failure.code != 429) {
    ++counts_.refused;
    if (failure.code != 422) off_.insert(key.kind);
    tell_once(key.kind, failure);
    return StatusPlan::Outcome::kRefused;
  }
  ++counts_.failed;
  return StatusPlan::Outcome::kFailed;
}

void StatusWriter::tell_once(Kind kind, const KubeStatus& failure) {
  if (!told_.insert(kind).second) return;
  std::string_view plural = info(kind).plural;
  std::string why = str_cat("the API server does not take the status of ", plural);
  if (failure.code == 403) why = str_cat("the right to patch ", plural, "/status is missing");
  if (has_no_subresource(failure)) why = str_cat("the definition of ", plural, " has no status subresource");
  parts_.log.warn("what becomes of objects of a kind is not written into the cluster",
                  {{"kind", info(kind).name}, {"problem", why}, {"error", failure.to_error()}});
}

void StatusWriter::try_again() {
  if (parts_.loop.now() < again_at_) return;
  again_at_ = parts_.loop.now() + kAgain;
  may_write_events_ = true;
  if (off_.empty()) return;
  off_.clear();
  plan_.reopen();
}

// One at a time.
void StatusWriter::send_event() {
  if (event_call_ != nullptr || !may_write_events_) return;
  std::optional<ObjectEvents::Event> event =
      events_.next(parts_.source.objects(), parts_.loop.now(), parts_.loop.wall());
  if (!event) return;
  KubeRequest request;
  request.method = "POST";
  request.path = KubeResource{"", "v1", "events"}.path(event->ns);
  request.body = event->body.compact();
  request.attempt = request.whole = kAttempt;
  event_call_ = parts_.client.call(std::move(request), [this](const KubeAnswer& answer) {
    event_call_ = nullptr;
    if (answer.is_ok()) ++counts_.events;
    may_write_events_ = !answer.has_code(403);
    if (may_write_events_) return;
    parts_.log.warn("problems of Services are not told as Events", {{"error", answer.failure->to_error()}});
  });
}
}  // namespace heddle
