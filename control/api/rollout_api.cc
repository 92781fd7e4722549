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

RpcResponse RolloutApi::start(const RpcRequest& request, const Caller& caller) {
  std::vector<ApiProblem> problems;
  auto refuse = [&](const Error& why) {
    audit("start", caller, Error(why));
    return error_answer(why, problems);
  };
  Result<ChangeWords> words = read_words(request);
  if (!words) return refuse(words.error());
  Result<Request> wanted = read_request(request.body, problems);
  if (!wanted) return refuse(wanted.error());
  if (auto no = parts_.gate.refuse(request, wanted->changes)) return *std::move(no);
  const TrustDomain own = parts_.issuer.authority().trust_domain();
  CommitRequest change{std::move(wanted->changes), caller.identity, std::move(words->message), words->expected};
  Result<Commit> preview = parts_.store.preview(change, whole_admission(problems, Reason::kConfigInvalid, own));
  if (!preview) {
    explain_conflict(preview.error(), change, parts_.store.view(), problems);
    return refuse(preview.error());
  }
  Result<void> started = parts_.keeper.start(std::move(wanted->spec), change);
  if (!started) return refuse(started.error());
  audit("start", caller, {});
  return RpcResponse::json(200, rollout_json(parts_.keeper, warnings_of(change.operations, preview->after)));
}

RpcResponse RolloutApi::step(const RpcRequest& request, const Caller& caller) {
  const std::string& word = request.path_params.at("step");
  std::optional<RolloutStep> step = rollout_step(word);
  if (!step) {
    return error_answer(
        make_error(Reason::kNotFound, "no such step; there are pause, resume, promote and abort", Origin::kDownstream));
  }
  if (auto no = refuse(request, AccessAction::kOperate)) return *std::move(no);
  Result<void> taken = parts_.keeper.step(*step, caller.identity);
  audit(word, caller, taken);
  return taken ? RpcResponse::json(200, rollout_json(parts_.keeper)) : error_answer(taken.error());
}

Result<void> judge_whole(const View& after, const TrustDomain& own) {
  std::vector<ApiProblem> problems;
  Result<void> judged = whole_admission(problems, Reason::kConflict, own)(after);
  if (judged || problems.empty()) return judged;
  const ApiProblem& first = problems.front();
  return make_error(judged.error().reason,
                    str_cat(first.resource, ": ", first.path, ": ", first.message, " (", judged.error().detail, ")"));
}

void audit_own_step(AuditSink& sink, std::string_view type, std::string_view why, const Result<void>& outcome,
                    WallTime now) {
  AuditRecord record{std::string(type), std::string(kRollout), std::string(why)};
  sink.write_line(audit_line(record, Caller{"", "rollout", ""}, outcome, now));
}
}  // namespace heddle
