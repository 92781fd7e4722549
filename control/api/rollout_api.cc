#include "control/api/rollout_api.h"

#include "control/api/answers.h"
#include "control/api/apply_request.h"
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

std::string resources_of(const RolloutState& state) {
  std::vector<std::string> keys;
  for (const StoreOperation& change : state.changes()) keys.push_back(key_of(change).text());
  return join(keys, ", ");
}
}  // namespace

RpcResponse RolloutApi::show() const { return RpcResponse::json(200, rollout_json(parts_.keeper)); }

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
  Result<Request> wanted = read_request(request.body, problems);
  if (!wanted) return refuse(wanted.error());
  if (auto no = parts_.gate.refuse(request, wanted->changes)) return *std::move(no);
  const TrustDomain own = parts_.issuer.authority().trust_domain();
  Result<Commit> preview =
      parts_.store.preview({wanted->changes}, whole_admission(problems, Reason::kConfigInvalid, own));
  if (!preview) return refuse(preview.error());
  Result<void> started = parts_.keeper.start(std::move(wanted->spec), std::move(wanted->changes), caller.identity);
  if (!started) return refuse(started.error());
  audit("start", caller, {});
  return show();
}

RpcResponse RolloutApi::step(const RpcRequest& request, const Caller& caller) {
  const std::string& word = request.path_params.at("step");
  std::optional<RolloutStep> step = rollout_step(word);
  if (!step) {
    return error_answer(
        make_error(Reason::kNotFound, "no such step; there are pause, resume, promote and abort", Origin::kDownstream));
  }
  Result<void> taken = parts_.keeper.step(*step, caller.identity);
  audit(word, caller, taken);
  return taken ? show() : error_answer(taken.error());
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
