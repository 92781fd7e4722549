#include "control/api/plan_api.h"

#include <algorithm>

#include "control/api/apply_request.h"
#include "control/api/change_request.h"
#include "control/api/hints.h"
#include "control/api/plan_view.h"
#include "control/api/resource_view.h"
#include "control/api/view_model.h"
#include "control/plan/secret_names.h"
#include "lib/base/strings.h"
#include "lib/snapshot/parsed_snapshots.h"

namespace heddle {
namespace {
using ModelPtr = std::shared_ptr<const Model>;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

Result<ModelPtr> readable_model(const View& view) {
  ViewModel found = model_of(view);
  if (found.unreadable.empty()) return std::make_shared<const Model>(std::move(found.model));
  return make_error(Reason::kUnsupported,
                    str_cat("this version of heddle-control cannot read ", found.unreadable.front().text()));
}

struct Sides {
  SnapshotPtr before;
  SnapshotPtr after;
};

// By one builder, so that what is the same is one object in both.
Result<Sides> snapshots_of(const ModelPtr& before, const ModelPtr& after, Version version) {
  ParsedSnapshots snapshots;
  Sides out;
  HEDDLE_TRY(out.before, snapshots.make(before, version));
  HEDDLE_TRY(out.after, snapshots.make(after, version));
  return out;
}

Result<bool> wants_replay(const RpcRequest& request) {
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, "replay"));
  return text ? read_flag_param(request, "replay") : Result<bool>(true);
}
}  // namespace

// One question, until it is answered.
struct PlanApi::Job {
  Plan plan;
  ModelPtr before;
  ModelPtr after;
  std::string trust_domain;
  Caller caller;
  std::vector<std::string> namespaces;  // to be asked yet, the last one first
  std::vector<SidecarFacts> facts;      // at most kMaxFacts, whatever came
  size_t remembered = 0;                // came
  size_t share = SIZE_MAX;              // of each sidecar at most so many were kept
  Respond respond;
  Pending token;

  void finish() {
    if (!facts.empty()) replay();
    respond(RpcResponse::json(200, plan_json(plan)));
  }
  void take(FactsResult found, const std::string& ns) {
    for (FetchedFacts& one : found.sidecars) {
      remembered += one.kept.facts.size();
      facts.push_back({one.key.node, one.key.identity, one.kept.seen, std::move(one.kept.facts)});
    }
    keep_share();
    if (std::string note = found.note(); !note.empty()) plan.notes.push_back(str_cat("namespace ", ns, ": ", note));
  }
  void keep_share() {
    size_t all = 0;
    for (const SidecarFacts& one : facts) all += one.facts.size();
    if (all <= kMaxFacts) return;
    share = std::max<size_t>(1, kMaxFacts / facts.size());
    for (SidecarFacts& one : facts) {
      if (one.facts.size() <= share) continue;
      one.facts.erase(one.facts.begin(), one.facts.end() - static_cast<ptrdiff_t>(share));
      one.facts.shrink_to_fit();
    }
  }
  void replay() {
    if (share != SIZE_MAX) {
      plan.notes.push_back(str_cat("of ", std::to_string(remembered), " remembered requests at most the newest ",
                                   std::to_string(share), " of each sidecar were replayed"));
    }
    SecretNames secrets;
    Result<Sides> sides = snapshots_of(secrets.replace(before), secrets.replace(after), plan.version);
    if (!sides) {
      plan.notes.push_back(sides.error().detail);
      return;
    }
    PlanReplayer replayer({sides->before, sides->after, plan.version, trust_domain});
    for (const SidecarFacts& one : facts) replayer.add(one);
    plan.replay = replayer.take();
  }
};

PlanApi::PlanApi(Parts parts) : parts_(std::move(parts)), rate_(kPlansPerSecond, kPlansAtOnce, parts_.clock.now()) {}
PlanApi::~PlanApi() = default;

// Those of namespaces that the caller may not read are counted only.
std::vector<PlanNode> PlanApi::nodes_for(const RpcRequest& request) const {
  std::vector<PlanNode> out = parts_.nodes();
  Result<AccessHolder> who = parts_.gate.holder(request);
  for (PlanNode& node : out) {
    node.is_named = who && is_allowed(who->grants, {AccessAction::kRead, namespace_of(node.key.identity)});
  }
  return out;
}

Result<std::unique_ptr<PlanApi::Job>> PlanApi::prepare(const RpcRequest& request, const Transaction& transaction,
                                                       std::vector<ApiProblem>& problems) const {
  HEDDLE_TRY(Commit commit, parts_.store.preview({transaction}, parts_.admission(problems)));
  View before = parts_.store.view();
  auto job = std::make_unique<Job>();
  job->trust_domain = parts_.trust_domain;
  job->plan.version = before.version();
  job->plan.diff = plan_diff(before, commit.after);
  job->plan.warnings = warnings_of(transaction, commit.after);
  job->plan.scope = plan_scope(before, commit.after, nodes_for(request));
  if (size_t rest = job->plan.scope.not_compared; rest > 0) {
    job->plan.notes.push_back(str_cat(std::to_string(rest), " sidecars were not compared: more than ",
                                      std::to_string(PlanScope::kMaxRequests), " hold something different"));
  }
  if (job->plan.diff.empty()) return job;
  if (std::string caveat = parts_.caveat ? parts_.caveat() : ""; !caveat.empty()) {
    job->plan.notes.push_back(std::move(caveat));
  }
  if (std::string note = parts_.elsewhere ? parts_.elsewhere() : ""; !note.empty()) job->plan.notes.push_back(note);
  HEDDLE_TRY(job->before, readable_model(before));
  HEDDLE_TRY(job->after, readable_model(commit.after));
  HEDDLE_TRY(Sides sides, snapshots_of(job->before, job->after, before.version()));
  job->plan.routes = plan_routes(*sides.before, *sides.after);
  return job;
}

// Each holds up the loop that serves everybody.
std::optional<Error> PlanApi::too_often() {
  MonoTime now = parts_.clock.now();
  if (rate_.take(now)) return std::nullopt;
  return make_error(Reason::kRateLimited,
                    str_cat("plans are asked for more often than ", std::to_string(kPlansPerSecond),
                            " times a second, by all callers together; try again in a second"));
}

void PlanApi::plan(const RpcRequest& request, const Caller& caller, Respond respond) {
  Result<bool> replays = wants_replay(request);
  if (!replays) return respond(error_answer(replays.error()));
  if (auto no = too_often()) return respond(error_answer(*no));
  std::vector<ApiProblem> problems;
  Result<Transaction> transaction = read_apply(request.body, problems);
  if (!transaction) return respond(error_answer(transaction.error(), problems));
  if (auto no = parts_.gate.refuse_reading(request, *transaction)) return respond(*std::move(no));
  if (jobs_.size() >= kMaxJobs) {
    return respond(error_answer(make_error(Reason::kOverload, "too many plans wait for sidecars already")));
  }
  Result<std::unique_ptr<Job>> made = prepare(request, *transaction, problems);
  if (!made) {
    explain_conflict(made.error(), {*transaction}, parts_.store.view(), problems);
    return respond(error_answer(made.error(), problems));
  }
  Job& job = **made;
  job.respond = std::move(respond);
  job.caller = caller;
  if (job.plan.diff.empty()) return job.finish();
  if (!*replays) {
    job.plan.notes.emplace_back("requests were not asked for");
    return job.finish();
  }
  choose_namespaces(request, job);
  uint64_t id = next_++;
  jobs_.emplace(id, *std::move(made));
  ask_next(id);
}

void PlanApi::choose_namespaces(const RpcRequest& request, Job& job) {
  if (job.plan.scope.affected == 0) job.plan.notes.emplace_back("no connected sidecar is affected");
  for (const std::string& ns : job.plan.scope.namespaces) {
    Result<void> may = parts_.gate.judge(request, {AccessAction::kFetchFacts, ns});
    if (!may) {
      parts_.audit.write({"plan-facts", str_cat("namespace ", ns), ""}, job.caller, may, parts_.clock.wall());
      job.plan.notes.push_back(str_cat("namespace ", ns, ": ", may.error().detail));
    } else if (job.namespaces.size() < kMaxNamespaces) {
      job.namespaces.push_back(ns);
    } else {
      job.plan.notes.push_back(str_cat("namespace ", ns, ": not asked, too many are affected"));
    }
  }
  std::reverse(job.namespaces.begin(), job.namespaces.end());
}

// One after the other: so does the fetcher, and who waits there for long is sent away.
void PlanApi::ask_next(uint64_t id) {
  Job& job = *jobs_.at(id);
  if (job.namespaces.empty()) {
    std::unique_ptr<Job> done = std::move(jobs_.extract(id).mapped());
    return done->finish();
  }
  std::string ns = std::move(job.namespaces.back());
  job.namespaces.pop_back();
  AuditRecord record{"plan-facts", str_cat("namespace ", ns), "requests that its sidecars remember"};
  parts_.audit.write(record, job.caller, {}, parts_.clock.wall());
  job.token = parts_.fetch_facts({ns, kFetchTimeout}, [this, id, ns](FactsResult found) {
    jobs_.at(id)->take(std::move(found), ns);
    ask_next(id);
  });
}

void PlanApi::drain() {
  auto all = std::move(jobs_);
  jobs_.clear();
  for (auto& [id, job] : all) {
    job->token.reset();
    job->respond(error_answer(make_error(Reason::kDraining, "this control plane is shutting down")));
  }
}
}  // namespace heddle
