#include "control/api/change_api.h"

#include "control/api/apply_request.h"
#include "control/api/resource_view.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view to_text(StoreOutcome outcome) {
  constexpr std::string_view kNames[] = {"created", "configured", "unchanged", "deleted"};
  return kNames[static_cast<size_t>(outcome)];
}

RpcResponse erase_answer(const Transaction&, const Commit& commit) {
  std::string body;
  JsonWriter(body).begin_object().field("version", commit.version.text()).end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse apply_answer(const Transaction& transaction, const Commit& commit) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", commit.version.text()).key("results").begin_array();
  for (size_t i = 0; i < transaction.size(); ++i) {
    out.begin_object().field("key", key_of(transaction[i]).text());
    out.field("result", to_text(commit.outcomes[i])).end_object();
  }
  out.end_array();
  std::vector<ApiProblem> warnings = warnings_of(transaction, commit.after);
  if (!warnings.empty()) write_problems(out.key("warnings"), warnings);
  out.end_object();
  return RpcResponse::json(200, std::move(body));
}
}  // namespace

void ChangeApi::apply(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  bool is_dry = request.query_param("dryRun") == "true";
  std::vector<ApiProblem> problems;
  Result<Transaction> transaction = read_apply(request.body, problems);
  auto no = transaction ? parts_.gate.refuse(request, *transaction) : std::nullopt;
  if (no) return respond(*std::move(no));
  if (transaction && !is_dry) {
    return commit(*std::move(transaction), {{"apply", "", ""}, Reason::kConfigInvalid, apply_answer}, caller,
                  std::move(respond));
  }
  if (!transaction) {
    if (!is_dry) parts_.audit.write({"apply", "", ""}, caller, Error(transaction.error()), parts_.clock.wall());
    return respond(error_answer(transaction.error(), problems));
  }
  Result<Commit> preview = parts_.store.preview({*transaction}, admission(problems, Reason::kConfigInvalid));
  respond(preview ? apply_answer(*transaction, *preview) : error_answer(preview.error(), problems));
}

void ChangeApi::erase(const ResourceKey& key, const Caller& caller, HttpServer::Respond respond) {
  commit({EraseOperation{key}}, {{"delete", key.text(), ""}, Reason::kConflict, erase_answer}, caller,
         std::move(respond));
}

Admission ChangeApi::admission(std::vector<ApiProblem>& problems, Reason reason) const {
  Admission whole = whole_admission(problems, reason, parts_.trust_domain);
  return [this, whole = std::move(whole)](const View& after) mutable -> Result<void> {
    HEDDLE_CHECK_OK(parts_.rollouts.admit(after));
    return whole(after);
  };
}

void ChangeApi::commit(Transaction operations, Purpose purpose, const Caller& caller, HttpServer::Respond respond) {
  uint64_t id = next_++;
  auto& slot = committing_[id];
  slot =
      std::make_unique<Committing>(Committing{std::move(purpose), caller, std::move(operations), std::move(respond)});
  slot->token =
      parts_.store.commit({slot->operations, caller.identity}, admission(slot->problems, slot->purpose.reason),
                          [this, id](Result<Commit> result) { on_committed(id, std::move(result)); });
}

void ChangeApi::on_committed(uint64_t id, Result<Commit> result) {
  std::unique_ptr<Committing> done = std::move(committing_.extract(id).mapped());
  if (result) {
    audit_commit(*done, *result);
    return done->respond(done->purpose.answer(done->operations, *result));
  }
  parts_.audit.write(done->purpose.refused, done->caller, Error(result.error()), parts_.clock.wall());
  done->respond(error_answer(result.error(), done->problems));
}

void ChangeApi::audit_commit(const Committing& done, const Commit& commit) {
  for (size_t i = 0; i < done.operations.size(); ++i) {
    if (commit.outcomes[i] == StoreOutcome::kUnchanged) continue;
    std::string type = commit.outcomes[i] == StoreOutcome::kErased ? "delete" : "apply";
    std::string detail = str_cat(to_text(commit.outcomes[i]), " in version ", commit.version.text());
    parts_.audit.write({std::move(type), key_of(done.operations[i]).text(), std::move(detail)}, done.caller, {},
                       parts_.clock.wall());
  }
}

void ChangeApi::drain() {
  auto all = std::move(committing_);
  committing_.clear();
  for (auto& [id, committing] : all) {
    committing->token.reset();
    committing->respond(error_answer(make_error(Reason::kDraining,
                                                "this control plane is shutting down; whether the "
                                                "change was made is not known: look at the version")));
  }
}
}  // namespace heddle
