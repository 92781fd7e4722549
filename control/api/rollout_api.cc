#include "control/api/rollout_api.h"

#include "control/api/answers.h"
#include "control/api/apply_request.h"
#include "control/api/change_request.h"
#include "control/api/hints.h"
#include "control/api/resource_view.h"
#include "control/api/rollout_view.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kRollout = "rollout";

struct Request {
  RolloutSpec spec;
  Transaction changes;
};

Result<Request> read_request(const std::string& body, std::vector<ApiProblem>& problems) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body, kMaxSnapshotBytes));
  Request out;
  Problems found;
  JsonObject object{JsonReader(document, "", found)};
  out.spec = read_rollout_spec(object);
  JsonObject list = object.object("list");  // read_apply() finds what is wrong in it
  object.finish();
  for (const Problem& problem : found.items()) {
    problems.push_back({std::string(kRollout), problem.path, problem.message});
  }
  if (!found.empty()) return make_error(Reason::kBadRequest, found.text(), Origin::kDownstream);
  HEDDLE_TRY(out.changes, read_apply(list.value().compact(), problems));
  for (const StoreOperation& change : out.changes) {
    if (std::holds_alternative<PutOperation>(change)) continue;
    problems.push_back({key_of(change).text(), "list.delete", "is never staged; delete it by itself"});
  }
  if (!problems.empty()) return make_error(Reason::kConfigInvalid, "a rollout deletes nothing", Origin::kDownstream);
  return out;
}

Result<ChangeWords> read_words(const RpcRequest& request) {
  HEDDLE_TRY(ChangeWords words, read_change_words(request));
  if (!words.is_dry_run) return words;
  return make_error(Reason::kBadRequest, "dryRun: a rollout has none; see what an apply or a plan of it says",
                    Origin::kDownstream);
}

std::string resources_of(const RolloutState& state) {
  std::vector<std::string> keys;
  for (const StoreOperation& change : state.changes()) keys.push_back(key_of(change).text());
  return join(keys, ", ");
}
}  // namespace

RpcResponse RolloutApi::show(const RpcRequest& request) const {
  if (auto no = refuse(request, AccessAction::kReadMesh)) return *std::move(no);
  return RpcResponse::json(200, rollout_json(parts_.keeper));
}

// Whoever may apply what is rolled out may see and step it. To others nothing of it is named.
std::optional<RpcResponse> RolloutApi::refuse(const RpcRequest& request, AccessAction action) const {
  const auto& state = parts_.keeper.state();
  if (!state || parts_.gate.judge(request, state->changes())) return std::nullopt;
  Result<void> judged = parts_.gate.judge(request, AccessAsk{action});
  if (judged) return std::nullopt;
  Error why = judged.error();
  if (why.reason == Reason::kForbidden) why.detail.append(", or the roles to apply all that is rolled out");
  parts_.gate.note(request, "", why);
  return error_answer(why);
}

void RolloutApi::audit(std::string_view step, const Caller& caller, const Result<void>& outcome) const {
  const auto& state = parts_.keeper.state();
  AuditRecord record{str_cat("rollout-", step), std::string(kRollout), ""};
  if (outcome && state) record.detail = str_cat(to_text(state->phase()), ": ", resources_of(*state));
  parts_.audit.write_line(audit_line(record, caller, outcome, parts_.clock.wall()));
}

Ledger::Done RolloutApi::answer_with(Asked asked) {
  uint64_t id = next_++;
  asked_.emplace(id, std::move(asked));
  return [this, id](const Result<void>& kept) { on_kept(id, kept); };
}

void RolloutApi::on_kept(uint64_t id, const Result<void>& kept) {
  Asked asked = std::move(asked_.extract(id).mapped());
  audit(asked.step, asked.caller, kept);
  if (!asked.respond) return;
  asked.respond(kept ? RpcResponse::json(200, rollout_json(parts_.keeper, asked.warnings))
                     : error_answer(kept.error()));
}

void RolloutApi::drain() {
  for (auto& [id, asked] : asked_) {
    if (!asked.respond) continue;
    auto respond = std::exchange(asked.respond, nullptr);
    respond(error_answer(make_error(Reason::kDraining,
                                    "this control plane is shutting down; whether the step was taken is not known: "
                                    "heddle rollout status")));
  }
}

void RolloutApi::start(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  std::vector<ApiProblem> problems;
  auto refuse = [&](const Error& why) {
    audit("start", caller, Error(why));
    respond(error_answer(why, problems));
  };
  Result<ChangeWords> words = read_words(request);
  if (!words) return refuse(words.error());
  Result<Request> wanted = read_request(request.body, problems);
  if (!wanted) return refuse(wanted.error());
  if (auto no = parts_.gate.refuse(request, wanted->changes)) return respond(*std::move(no));
  const TrustDomain own = parts_.issuer.authority().trust_domain();
  CommitRequest change{std::move(wanted->changes), caller.identity, std::move(words->message), words->expected};
  Result<Commit> preview = parts_.store.preview(change, whole_admission(problems, Reason::kConfigInvalid, own));
  if (!preview) {
    explain_conflict(preview.error(), change, parts_.store.view(), problems);
    return refuse(preview.error());
  }
  Asked asked{"start", caller, std::move(respond), warnings_of(change.operations, preview->after)};
  parts_.keeper.start(std::move(wanted->spec), std::move(change), answer_with(std::move(asked)));
}

void RolloutApi::step(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  const std::string& word = request.path_params.at("step");
  std::optional<RolloutStep> step = rollout_step(word);
  if (!step) {
    return respond(error_answer(make_error(
        Reason::kNotFound, "no such step; there are pause, resume, promote and abort", Origin::kDownstream)));
  }
  if (auto no = refuse(request, AccessAction::kOperate)) return respond(*std::move(no));
  parts_.keeper.step(*step, caller.identity, answer_with({word, caller, std::move(respond)}));
}

Result<void> judge_whole(const View& after, const TrustDomain& own) {
  std::vector<ApiProblem> problems;
  Result<void> judged = whole_admission(problems, Reason::kConflict, own)(after);
  if (judged || problems.empty()) return judged;
  const ApiProblem& first = problems.front();
  return make_error(judged.error().reason,
                    str_cat(first.resource, ": ", first.path, ": ", first.message, " (", judged.error().detail, ")"));
}

std::string plan_caveat(const RolloutKeeper& keeper) {
  if (!keeper.is_running()) return "";
  return str_cat("a rollout is ", to_text(keeper.state()->phase()),
                 ": the sidecars in it have its change on top of what this plan compares with");
}

void audit_own_step(AuditSink& sink, std::string_view type, std::string_view why, const Result<void>& outcome,
                    WallTime now) {
  AuditRecord record{std::string(type), std::string(kRollout), std::string(why)};
  sink.write_line(audit_line(record, Caller{"", "rollout", ""}, outcome, now));
}
}  // namespace heddle
