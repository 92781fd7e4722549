#include "control/api/access_gate.h"

#include "certs/spiffe_id.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxPathSaid = 256;
constexpr size_t kMaxProblems = 1000;

Error unauthenticated(std::string why) {
  return make_error(Reason::kUnauthenticated, std::move(why), Origin::kDownstream);
}

std::string path_of(const RpcRequest& request) {
  return str_cat(request.method, " ", request.path).substr(0, kMaxPathSaid);
}

// Of the first that is refused.
Result<void> judge_all(const AccessGrants& grants, const std::vector<AccessAsk>& asks) {
  for (const AccessAsk& ask : asks) HEDDLE_CHECK_OK(may(grants, ask));
  return {};
}

std::vector<AccessAsk> reading_of(const StoreOperation& operation) {
  const ResourceKey& key = key_of(operation);
  return {{AccessAction::kRead, key.ns, key.kind}};
}
}  // namespace

std::string_view namespace_of(std::string_view spiffe_id) {
  Result<SpiffeId> id = SpiffeId::parse(spiffe_id);
  auto workload = id ? id->workload() : std::nullopt;
  if (!workload) return {};
  auto at = static_cast<size_t>(workload->name_space.data() - id->text().data());
  return spiffe_id.substr(at, workload->name_space.size());
}

std::vector<AccessAsk> asks_of(const StoreOperation& operation) {
  const ResourceKey& key = key_of(operation);
  const auto* put = std::get_if<PutOperation>(&operation);
  AccessAction action = put != nullptr ? AccessAction::kApply : AccessAction::kDelete;
  std::vector<AccessAsk> out{{action, key.ns, key.kind}};
  if (put == nullptr || key.kind != Kind::kWorkload) return out;
  auto identity = put->envelope.document.find({"spec", "identity"});
  std::string_view ns = namespace_of(identity ? identity->as_string().value_or("") : "");
  if (ns != key.ns) out.push_back({action, ns, key.kind});
  return out;
}

// Runs before the body is kept.
Result<void> AccessGate::admit(const RpcRequest& request) {
  MonoTime now = parts_.scheduler.now();
  if (!failures_.may_try(request.peer, now)) {
    Caller nobody = make_caller(request, "", parts_.random);  // its token is not looked at
    note(nobody, path_of(request), make_error(Reason::kRateLimited, "too many bearer tokens were wrong"));
    return make_error(Reason::kRateLimited, "", Origin::kDownstream);
  }
  Result<AdminTokenRow> row = find(request);
  Result<void> judged = row ? judge_door(request, *row) : Result<void>(Error(row.error()));
  if (judged) return {};
  note(request, "", judged.error());
  if (judged.error().reason != Reason::kUnauthenticated) return judged;
  failures_.note_failure(request.peer, now);
  return row ? judged : unauthenticated("");
}

std::optional<RpcResponse> AccessGate::readmit(const RpcRequest& request) {
  Result<AdminTokenRow> row = find(request);
  Result<void> judged = row ? judge_door(request, *row) : Result<void>(Error(row.error()));
  if (judged) return std::nullopt;
  note(request, "", judged.error());
  return error_answer(judged.error());
}

// By the token's hash: how long the look-up takes says nothing about any token.
Result<AdminTokenRow> AccessGate::find(const RpcRequest& request) {
  std::string_view token = request.bearer_token().value_or("");
  if (token.empty() || token.size() > kMaxAccessTokenText) return unauthenticated("no bearer token");
  HEDDLE_TRY(std::optional<AdminTokenRow> found, parts_.ledger.find_admin_token(sha256(as_bytes(token))));
  if (found) return *std::move(found);
  return unauthenticated("unknown bearer token");
}

// That it has expired may be said: its holder proved to have had it.
Result<AccessHolder> AccessGate::recognise(const AdminTokenRow& row) const {
  if (has_expired(row, parts_.scheduler.wall())) {
    return unauthenticated(str_cat("the token ", row.id, " expired at ", format_time(*row.expires)));
  }
  HEDDLE_TRY(AccessGrants grants, grants_of(row));
  return AccessHolder{row.id, std::move(grants), row.expires};
}

Result<void> AccessGate::judge_door(const RpcRequest& request, const AdminTokenRow& row) const {
  HEDDLE_TRY(AccessHolder holder, recognise(row));
  std::optional<AccessAction> door = access_door(request.method, request.path);
  return door ? may(holder.grants, {*door}) : Result<void>();
}

Result<AccessHolder> AccessGate::holder(const RpcRequest& request) {
  HEDDLE_TRY(AdminTokenRow row, find(request));
  return recognise(row);
}

Result<void> AccessGate::judge(const RpcRequest& request, const AccessAsk& ask) {
  HEDDLE_TRY(AccessHolder who, holder(request));
  return may(who.grants, ask);
}

Result<void> AccessGate::judge(const RpcRequest& request, const Transaction& transaction) {
  HEDDLE_TRY(AccessHolder who, holder(request));
  for (const StoreOperation& operation : transaction) HEDDLE_CHECK_OK(judge_all(who.grants, asks_of(operation)));
  return {};
}

Caller AccessGate::caller_of(const RpcRequest& request) {
  Result<AdminTokenRow> row = find(request);
  return make_caller(request, row ? row->id : std::string(), parts_.random);
}

void AccessGate::note(const RpcRequest& request, std::string_view subject, const Error& why) {
  note(caller_of(request), subject.empty() ? path_of(request) : std::string(subject), why);
}

void AccessGate::note(const Caller& caller, std::string_view subject, const Error& why) {
  Result<void> denied = Error(why);
  parts_.refusals.write({"deny", std::string(subject), ""}, caller, denied, parts_.scheduler.wall());
}

std::optional<RpcResponse> AccessGate::refuse(const RpcRequest& request, const AccessAsk& ask,
                                              std::string_view subject) {
  Result<void> judged = judge(request, ask);
  if (judged) return std::nullopt;
  note(request, subject, judged.error());
  return error_answer(judged.error());
}

std::optional<RpcResponse> AccessGate::refuse(const RpcRequest& request, const Transaction& transaction) {
  return refuse_each(request, transaction, asks_of);
}

std::optional<RpcResponse> AccessGate::refuse_reading(const RpcRequest& request, const Transaction& transaction) {
  return refuse_each(request, transaction, reading_of);
}

std::optional<RpcResponse> AccessGate::refuse_each(const RpcRequest& request, const Transaction& transaction,
                                                   Asks asks) {
  Result<AccessHolder> who = holder(request);
  if (!who) return error_answer(who.error());
  Caller caller = make_caller(request, who->name, parts_.random);
  std::vector<ApiProblem> problems;
  size_t refused = 0;
  for (const StoreOperation& operation : transaction) {
    Result<void> judged = judge_all(who->grants, asks(operation));
    if (judged) continue;
    std::string key = key_of(operation).text();
    note(caller, key, judged.error());
    if (++refused <= kMaxProblems) problems.push_back({std::move(key), "", judged.error().detail});
  }
  if (refused == 0) return std::nullopt;
  std::string count = std::to_string(refused);
  return error_answer(make_error(Reason::kForbidden,
                                 str_cat(count, " of ", std::to_string(transaction.size()),
                                         " resources are not for this token; nothing was changed"),
                                 Origin::kDownstream),
                      problems);
}
}  // namespace heddle
