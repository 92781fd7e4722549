#include "control/api/change_api.h"

#include "control/api/apply_request.h"
#include "control/api/hints.h"
#include "control/api/history_view.h"
#include "control/api/resource_view.h"
#include "control/api/view_changes.h"
#include "lib/base/json_reader.h"
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

// `before`: where the documents are asked for, too.
RpcResponse apply_answer_with(const View* before, const Transaction& transaction, const Commit& commit) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", commit.version.text()).key("results").begin_array();
  for (size_t i = 0; i < transaction.size(); ++i) {
    const ResourceKey& key = key_of(transaction[i]);
    out.begin_object().field("key", key.text()).field("result", to_text(commit.outcomes[i]));
    bool is_shown = before != nullptr && commit.outcomes[i] != StoreOutcome::kUnchanged;
    if (is_shown) write_documents(out, {key, before->find(key), commit.after.find(key)});
    out.end_object();
  }
  out.end_array();
  std::vector<ApiProblem> warnings = warnings_of(transaction, commit.after);
  if (!warnings.empty()) write_problems(out.key("warnings"), warnings);
  out.end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse apply_answer(const Transaction& transaction, const Commit& commit) {
  return apply_answer_with(nullptr, transaction, commit);
}

// Whether both documents of each result are asked for.
Result<bool> read_wants_changes(const RpcRequest& request) {
  HEDDLE_TRY(bool wants, read_flag_param(request, "changes"));
  HEDDLE_TRY(bool is_dry_run, read_flag_param(request, "dryRun"));
  if (!wants || is_dry_run) return wants;
  return make_error(Reason::kBadRequest, "changes: goes with dryRun=true", Origin::kDownstream);
}

Result<Version> read_rollback(std::string_view body) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  Result<Version> to = Version::parse(object.string("to"));
  if (problems.empty() && !to) object.problem("to", "expected a version as \"1.42\"");
  object.finish();
  if (problems.empty()) return to;
  return make_error(Reason::kBadRequest, problems.text(), Origin::kDownstream);
}
}  // namespace

void ChangeApi::apply(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  Purpose purpose{{"apply", "", ""}, Reason::kConfigInvalid, apply_answer};
  Result<ChangeWords> words = read_change_words(request);
  Result<bool> wants_changes = read_wants_changes(request);
  if (!words) return respond(error_answer(words.error()));
  if (!wants_changes) return respond(error_answer(wants_changes.error()));
  std::vector<ApiProblem> problems;
  Result<Transaction> transaction = read_apply(request.body, problems);
  if (!transaction && words->is_dry_run) return respond(error_answer(transaction.error(), problems));
  if (!transaction) return refuse(purpose, caller, transaction.error(), problems, std::move(respond));
  if (auto no = parts_.gate.refuse(request, *transaction)) return respond(*std::move(no));
  CommitRequest change{*std::move(transaction), caller.identity, std::move(words->message), words->expected};
  if (words->is_dry_run) return respond(preview(purpose, change, *wants_changes));
  start(std::move(purpose), std::move(change), caller, std::move(respond));
}

void ChangeApi::erase(const ResourceKey& key, const RpcRequest& request, const Caller& caller,
                      HttpServer::Respond respond) {
  Purpose purpose{{"delete", key.text(), ""}, Reason::kConflict, erase_answer};
  Result<ChangeWords> words = read_change_words(request);
  if (!words) return respond(error_answer(words.error()));
  CommitRequest change{{EraseOperation{key}}, caller.identity, std::move(words->message), words->expected};
  if (words->is_dry_run) return respond(preview(purpose, change, false));
  start(std::move(purpose), std::move(change), caller, std::move(respond));
}

void ChangeApi::rollback(const RpcRequest& request, const Caller& caller, HttpServer::Respond respond) {
  Result<ChangeWords> words = read_change_words(request);
  Result<bool> wants_changes = read_wants_changes(request);
  Result<Version> to = read_rollback(request.body);
  if (!words) return respond(error_answer(words.error()));
  if (!wants_changes) return respond(error_answer(wants_changes.error()));
  if (!to) return respond(error_answer(to.error()));
  Purpose purpose{{"rollback", to->text(), ""}, Reason::kConfigInvalid, apply_answer};
  if (!words->expected) purpose.restores = *to;
  Result<CommitRequest> change = restoring(*to);
  if (!change && words->is_dry_run) return respond(error_answer(change.error()));
  if (!change) return refuse(purpose, caller, change.error(), {}, std::move(respond));
  change->author = caller.identity;
  change->message = words->message.empty() ? str_cat("rollback to ", to->text()) : std::move(words->message);
  if (words->expected) change->expected = words->expected;
  if (words->is_dry_run) return respond(preview(purpose, *change, *wants_changes));
  start(std::move(purpose), *std::move(change), caller, std::move(respond));
}

// From what is newest now, and valid for that only.
Result<CommitRequest> ChangeApi::restoring(Version to) const {
  std::optional<View> then = parts_.store.view_at(to);
  if (!then) return no_such_version(parts_.store.log(), to);
  View now = parts_.store.view();
  HEDDLE_TRY(Transaction operations, restore_operations(now, *then));
  return CommitRequest{std::move(operations), "", "", now.version()};
}

Admission ChangeApi::admission(std::vector<ApiProblem>& problems, Reason reason) const {
  Admission whole = whole_admission(problems, reason, parts_.trust_domain);
  return [this, whole = std::move(whole)](const View& after) mutable -> Result<void> {
    HEDDLE_CHECK_OK(parts_.rollouts.admit(after));
    return whole(after);
  };
}

RpcResponse ChangeApi::preview(const Purpose& purpose, const CommitRequest& change, bool wants_changes) const {
  std::vector<ApiProblem> problems;
  View before = parts_.store.view();
  Result<Commit> commit = parts_.store.preview(change, admission(problems, purpose.reason));
  if (commit && wants_changes) return apply_answer_with(&before, change.operations, *commit);
  if (commit) return purpose.answer(change.operations, *commit);
  explain_conflict(commit.error(), change, before, problems);
  return error_answer(commit.error(), problems);
}

void ChangeApi::refuse(const Purpose& purpose, const Caller& caller, const Error& why,
                       const std::vector<ApiProblem>& problems, HttpServer::Respond respond) {
  parts_.audit.write(purpose.refused, caller, Error(why), parts_.clock.wall());
  respond(error_answer(why, problems));
}

void ChangeApi::start(Purpose purpose, CommitRequest change, const Caller& caller, HttpServer::Respond respond) {
  uint64_t id = next_++;
  committing_[id] =
      std::make_unique<Committing>(Committing{std::move(purpose), caller, std::move(change), std::move(respond)});
  submit(id);
}

void ChangeApi::submit(uint64_t id) {
  Committing& one = *committing_.at(id);
  one.token = parts_.store.commit(one.request, admission(one.problems, one.purpose.reason),
                                  [this, id](Result<Commit> result) { on_committed(id, std::move(result)); });
}

// A rollback whose author expects no version is made anew of what another change left.
bool ChangeApi::restored_again(uint64_t id, const Error& why) {
  Committing& one = *committing_.at(id);
  bool is_late = why.reason == Reason::kConflict && one.purpose.restores && one.tries < kMaxRollbackTries;
  if (!is_late || one.request.expected == parts_.store.version()) return false;
  Result<CommitRequest> change = restoring(*one.purpose.restores);
  if (!change) return false;
  ++one.tries;
  one.request.operations = std::move(change->operations);
  one.request.expected = change->expected;
  submit(id);
  return true;
}

void ChangeApi::on_committed(uint64_t id, Result<Commit> result) {
  if (!result && restored_again(id, result.error())) return;
  std::unique_ptr<Committing> done = std::move(committing_.extract(id).mapped());
  if (result) {
    audit_commit(*done, *result);
    return done->respond(done->purpose.answer(done->request.operations, *result));
  }
  explain_conflict(result.error(), done->request, parts_.store.view(), done->problems);
  refuse(done->purpose, done->caller, result.error(), done->problems, std::move(done->respond));
}

void ChangeApi::audit_commit(const Committing& done, const Commit& commit) {
  const Transaction& operations = done.request.operations;
  for (size_t i = 0; i < operations.size(); ++i) {
    if (commit.outcomes[i] == StoreOutcome::kUnchanged) continue;
    std::string detail = str_cat(to_text(commit.outcomes[i]), " in version ", commit.version.text());
    parts_.audit.write({done.purpose.refused.type, key_of(operations[i]).text(), std::move(detail)}, done.caller, {},
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
