#include "control/api/ca_api.h"

#include "control/api/answers.h"
#include "control/api/ca_view.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxWord = 253;

Result<std::vector<std::string>> read_exceptions(const std::string& body) {
  std::vector<std::string> out;
  if (body.empty()) return out;
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  for (const JsonReader& word : object.optional_array("except", {0, CaApi::kMaxExceptions})) {
    if (auto text = word.string({1, kMaxWord})) out.emplace_back(*text);
  }
  object.finish();
  if (problems.empty()) return out;
  return make_error(Reason::kBadRequest, problems.text(), Origin::kDownstream);
}
}  // namespace

Result<RotationPlan> CaApi::plan() const {
  HEDDLE_TRY(std::vector<Lineage> lineages, parts_.ledger.lineages());
  WallTime now = parts_.clock.wall();
  return parts_.rotator.plan(live_sidecars(parts_.registry.rows(), lineages, now),
                             other_control_planes(parts_.registry.replicas(), now));
}

RpcResponse CaApi::show() const {
  Result<RotationPlan> now = plan();
  if (!now) return error_answer(now.error());
  return RpcResponse::json(200, ca_json({parts_.rotator.state(), *parts_.rotator.bundle(), parts_.outlook}, *now));
}

void CaApi::step(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  std::optional<RotationStep> step = rotation_step(request.path_params.at("step"));
  if (!step) {
    return respond(error_answer(make_error(
        Reason::kNotFound, "no such step; there are prepare, activate, retire and abort", Origin::kDownstream)));
  }
  Result<std::vector<std::string>> except = read_exceptions(request.body);
  if (!except) return respond(error_answer(except.error()));
  Result<RotationPlan> now = plan();
  if (!now) return respond(error_answer(now.error()));
  auto done = [this, step = *step, late = now->laggards(*step, *except), respond = std::move(respond)](
                  const Result<void>& taken) mutable { respond(taken ? show() : answer(taken.error(), step, late)); };
  parts_.rotator.step(*step, *now, *except, caller, StepBy::kOperator, std::move(done));
}

RpcResponse CaApi::answer(const Error& refused, RotationStep step, const std::vector<Laggard>& late) const {
  std::vector<ApiProblem> problems;
  if (step == next_step(parts_.rotator.state().phase)) {
    for (const Laggard& laggard : late) problems.push_back({laggard.name(), "", laggard.why});
  }
  return error_answer(refused, problems);
}
}  // namespace heddle
