#include "control/api/plan_api.h"

#include "control/api/apply_request.h"
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

void keep_share(std::vector<SidecarFacts>& facts, std::vector<std::string>& notes) {
  size_t all = 0;
  for (const SidecarFacts& one : facts) all += one.facts.size();
  if (all <= PlanApi::kMaxFacts) return;
  size_t share = std::max<size_t>(1, PlanApi::kMaxFacts / facts.size());
  for (SidecarFacts& one : facts) {
    if (one.facts.size() > share) one.facts.erase(one.facts.begin(), one.facts.end() - static_cast<ptrdiff_t>(share));
  }
  notes.push_back(str_cat("of ", std::to_string(all), " remembered requests the newest ", std::to_string(share),
                          " of each sidecar were replayed"));
}
}  // namespace

// One question, until it is answered. Belongs to those who still have to answer it.
struct PlanApi::Job {
  Plan plan;
  ModelPtr before;
  ModelPtr after;
  std::string trust_domain;
  std::vector<SidecarFacts> facts;
  size_t awaited = 0;
  Respond respond;

  void finish() {
    if (!facts.empty()) replay();
    respond(RpcResponse::json(200, plan_json(plan)));
  }
  void take(std::vector<SidecarFacts> more, const std::string& ns, const std::string& note) {
    for (SidecarFacts& one : more) facts.push_back(std::move(one));
    if (!note.empty()) plan.notes.push_back(str_cat("namespace ", ns, ": ", note));
    if (--awaited == 0) finish();
  }
  void replay() {
    SecretNames secrets;
    Result<Sides> sides = snapshots_of(secrets.replace(before), secrets.replace(after), plan.version);
    if (!sides) {
      plan.notes.push_back(sides.error().detail);
      return;
    }
    keep_share(facts, plan.notes);
    PlanReplayer replayer({sides->before, sides->after, plan.version, trust_domain});
    for (const SidecarFacts& one : facts) replayer.add(one);
    plan.replay = replayer.take();
  }
};

Result<std::shared_ptr<PlanApi::Job>> PlanApi::prepare(const Transaction& transaction,
                                                       std::vector<ApiProblem>& problems) const {
  HEDDLE_TRY(Commit commit, parts_.store.preview({transaction}, parts_.admission(problems)));
  View before = parts_.store.view();
  auto job = std::make_shared<Job>();
  job->trust_domain = parts_.trust_domain;
  job->plan.version = before.version();
  job->plan.diff = plan_diff(before, commit.after);
  job->plan.warnings = warnings_of(transaction, commit.after);
  job->plan.scope = plan_scope(before, commit.after, parts_.nodes());
  if (job->plan.diff.empty()) return job;
  HEDDLE_TRY(job->before, readable_model(before));
  HEDDLE_TRY(job->after, readable_model(commit.after));
  HEDDLE_TRY(Sides sides, snapshots_of(job->before, job->after, before.version()));
  job->plan.routes = plan_routes(*sides.before, *sides.after);
  return job;
}

void PlanApi::plan(const RpcRequest& request, const Caller& caller, Respond respond) {
  std::vector<ApiProblem> problems;
  Result<Transaction> transaction = read_apply(request.body, problems);
  if (!transaction) return respond(error_answer(transaction.error(), problems));
  if (auto no = parts_.gate.refuse_reading(request, *transaction)) return respond(*std::move(no));
  Result<std::shared_ptr<Job>> job = prepare(*transaction, problems);
  if (!job) return respond(error_answer(job.error(), problems));
  (*job)->respond = std::move(respond);
  if ((*job)->plan.diff.empty()) return (*job)->finish();
  if (request.query_param("replay") == "false") {
    (*job)->plan.notes.emplace_back("not asked for");
    return (*job)->finish();
  }
  start_replay(*job, request, caller);
}

void PlanApi::start_replay(const std::shared_ptr<Job>& job, const RpcRequest& request, const Caller& caller) {
  std::vector<std::string> namespaces;
  for (const std::string& ns : job->plan.scope.namespaces) {
    Result<void> may = parts_.gate.judge(request, {AccessAction::kFetchFacts, ns});
    if (!may) {
      parts_.audit.write({"plan-facts", str_cat("namespace ", ns), ""}, caller, may, parts_.clock.wall());
      job->plan.notes.push_back(str_cat("namespace ", ns, ": ", may.error().detail));
    } else if (namespaces.size() < kMaxNamespaces) {
      namespaces.push_back(ns);
    } else {
      job->plan.notes.push_back(str_cat("namespace ", ns, ": not asked, more than 32 are affected"));
    }
  }
  if (job->plan.scope.affected == 0) job->plan.notes.emplace_back("no connected sidecar is affected");
  if (namespaces.empty()) return job->finish();
  fetch(job, namespaces, caller);
}

void PlanApi::fetch(const std::shared_ptr<Job>& job, const std::vector<std::string>& namespaces, const Caller& caller) {
  job->awaited = namespaces.size();
  for (const std::string& ns : namespaces) {
    AuditRecord record{"plan-facts", str_cat("namespace ", ns), "requests that its sidecars remember"};
    parts_.audit.write(record, caller, {}, parts_.clock.wall());
    parts_.fetch_facts(
        ns, [job, ns](std::vector<SidecarFacts> facts, std::string note) { job->take(std::move(facts), ns, note); });
  }
}
}  // namespace heddle
