#include "control/api/api_server.h"

#include <iterator>

#include "control/api/federation_view.h"
#include "control/api/nack_sight.h"
#include "control/api/resource_view.h"
#include "control/api/status_view.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"

namespace heddle {
namespace {
constexpr uint32_t kApiSchema = 1;

Error not_found(std::string what) { return make_error(Reason::kNotFound, std::move(what), Origin::kDownstream); }

Result<Kind> kind_of(const RpcRequest& request) {
  const std::string& plural = request.path_params.at("plural");
  for (const KindInfo& kind : all_kinds()) {
    if (kind.plural == plural) return kind.kind;
  }
  return not_found(str_cat("no such kind of resource: ", in_quotes(plural)));
}

Result<ResourceKey> key_of(const RpcRequest& request) {
  HEDDLE_TRY(Kind kind, kind_of(request));
  return ResourceKey::make(kind, request.path_params.at("namespace"), request.path_params.at("name"));
}

RpcResponse token_answer(const Result<CreatedToken>& token) {
  if (!token) return error_answer(token.error());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("token", token->token).field("expires", format_time(token->expires)).end_object();
  return RpcResponse::json(200, std::move(body));
}
}  // namespace

void ApiServer::serve_on(HttpServer& server) {
  server.guard([this](const RpcRequest& request) { return gate_.admit(request); });
  access_.serve_on(server, current_);
  route_at_once(server, "GET", "/v1/version", &ApiServer::version);
  route(server, "GET", "/v1/resources/{plural}", &ApiServer::list);
  route(server, "GET", "/v1/resources/{plural}/{namespace}/{name}", &ApiServer::get);
  route(server, "POST", "/v1/explain", &ApiServer::explain);
  route(server, "GET", "/v1/status", &ApiServer::status);
  route_at_once(server, "POST", "/v1/tokens", &ApiServer::create_token);
  route(server, "GET", "/v1/ca", &ApiServer::show_ca);
  route(server, "POST", "/v1/ca/{step}", &ApiServer::step_ca);
  route(server, "GET", "/v1/federation", &ApiServer::show_federation);
  route(server, "GET", "/v1/rollouts", &ApiServer::show_rollout);
  route(server, "POST", "/v1/rollouts", &ApiServer::start_rollout);
  route(server, "POST", "/v1/rollouts/{step}", &ApiServer::step_rollout);
  route_at_once(server, "GET", "/v1/wait", &ApiServer::wait);
  route(server, "DELETE", "/v1/resources/{plural}/{namespace}/{name}", &ApiServer::erase);
  route(server, "POST", "/v1/apply", &ApiServer::apply);
  route(server, "POST", "/v1/rollback", &ApiServer::rollback);
  route(server, "GET", "/v1/history", &ApiServer::list_history);
  route(server, "GET", "/v1/history/{version}", &ApiServer::show_version);
  route(server, "GET", "/v1/diff", &ApiServer::diff_versions);
  route(server, "POST", "/v1/plan", &ApiServer::plan);
}

PlanApi::Parts ApiServer::plan_parts() {
  return {parts_.store,
          parts_.audit,
          parts_.scheduler,
          std::string(parts_.issuer.authority().trust_domain().name()),
          [this](std::vector<ApiProblem>& problems) { return changes_.admission(problems, Reason::kConfigInvalid); },
          [this] { return plan_nodes(parts_.hub, parts_.registry); },
          parts_.fetch_facts,
          gate_,
          [this] { return plan_caveat(parts_.rollouts); },
          [this] { return RemoteHolders(parts_.registry).not_compared(); }};
}

void ApiServer::route(HttpServer& server, std::string method, std::string_view pattern, Handler handler) {
  bool has_resources = pattern == "/v1/apply" || pattern == "/v1/plan" || pattern == "/v1/rollouts";
  size_t limit = has_resources ? kMaxApplyBody : kMaxBody;
  server.route(std::move(method), pattern, current_.then(readmitted(handler)), limit);
}

void ApiServer::route(HttpServer& server, std::string method, std::string_view pattern, Answer answer) {
  server.route(std::move(method), pattern, current_.then(readmitted(answer)), kMaxBody);
}

void ApiServer::route_at_once(HttpServer& server, std::string method, std::string_view pattern, Handler handler) {
  server.route(std::move(method), pattern, readmitted(handler), kMaxBody);
}

void ApiServer::route_at_once(HttpServer& server, std::string method, std::string_view pattern, Answer answer) {
  server.route(std::move(method), pattern, readmitted(answer), kMaxBody);
}

HttpServer::Handler ApiServer::readmitted(Handler handler) {
  return [this, handler](const RpcRequest& r, HttpServer::Respond respond) {
    if (auto no = gate_.readmit(r)) return respond(*std::move(no));
    (this->*handler)(r, std::move(respond));
  };
}

HttpServer::Handler ApiServer::readmitted(Answer answer) {
  return [this, answer](const RpcRequest& r, HttpServer::Respond respond) {
    if (auto no = gate_.readmit(r)) return respond(*std::move(no));
    respond((this->*answer)(r));
  };
}

RpcResponse ApiServer::version(const RpcRequest&) {
  std::string body;
  JsonWriter(body).begin_object().field("version", kSoftwareVersion).field("schema", kApiSchema).end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse ApiServer::list(const RpcRequest& request) {
  Result<Kind> kind = kind_of(request);
  if (!kind) return error_answer(kind.error());
  std::string ns = request.query_param("namespace").value_or("");
  if (auto no = ns.empty() ? std::nullopt : gate_.refuse(request, {AccessAction::kRead, ns, *kind})) return *no;
  Result<AccessHolder> who = gate_.holder(request);
  if (!who) return error_answer(who.error());
  View view = parts_.store.view();
  ResourceView shown(view, conditions(who->grants));
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("kind", std::string_view("List")).field("version", view.version().text());
  out.key("items").begin_array();
  view.for_each(*kind, [&](const StoredResource::Ptr& resource) {
    const std::string& its = resource->key().ns;
    bool is_asked = ns.empty() ? is_allowed(who->grants, {AccessAction::kRead, its, *kind}) : its == ns;
    if (is_asked) out.value(shown.document(*resource));
  });
  out.end_array().end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse ApiServer::get(const RpcRequest& request) {
  Result<ResourceKey> key = key_of(request);
  if (!key) return error_answer(key.error());
  if (auto no = gate_.refuse(request, {AccessAction::kRead, key->ns, key->kind})) return *no;
  Result<AccessHolder> who = gate_.holder(request);
  if (!who) return error_answer(who.error());
  View view = parts_.store.view();
  StoredResource::Ptr found = view.find(*key);
  if (found == nullptr) return error_answer(not_found(str_cat(key->text(), " does not exist")));
  return RpcResponse::json(200, ResourceView(std::move(view), conditions(who->grants)).document(*found).compact());
}

ResourceConditions ApiServer::conditions(const AccessGrants& grants) {
  std::vector<HolderGroup> groups = parts_.hub.holders();
  RemoteScopes::Look others = remote_scopes_.look();
  std::move(others.groups.begin(), others.groups.end(), std::back_inserter(groups));
  return {std::move(groups), parts_.registry, grants, std::move(others.rest)};
}

void ApiServer::erase(const RpcRequest& request, HttpServer::Respond respond) {
  Result<ResourceKey> key = key_of(request);
  if (!key) return respond(error_answer(key.error()));
  AccessAsk ask{AccessAction::kDelete, key->ns, key->kind};
  if (auto no = gate_.refuse(request, ask, key->text())) return respond(*std::move(no));
  changes_.erase(*key, request, caller_of(request), std::move(respond));
}

RpcResponse ApiServer::explain(const RpcRequest& request) {
  Result<AccessHolder> who = gate_.holder(request);
  if (!who) return error_answer(who.error());
  auto may_read = [&](std::string_view ns) { return may(who->grants, {AccessAction::kRead, ns}); };
  Result<std::string> answer = explainer_.answer(request.body, may_read);
  if (!answer && answer.error().reason == Reason::kForbidden) gate_.note(request, "", answer.error());
  return answer ? RpcResponse::json(200, *std::move(answer)) : error_answer(answer.error());
}

RpcResponse ApiServer::status(const RpcRequest& request) {
  Result<AccessHolder> who = gate_.holder(request);
  if (!who) return error_answer(who.error());
  Result<std::vector<Lineage>> lineages = parts_.ledger.lineages();
  if (!lineages) return error_answer(lineages.error());
  WallTime now = parts_.scheduler.wall();
  std::vector<NodeStatus> rows = join_certificates(parts_.registry.named_rows(), *lineages, now);
  std::erase_if(rows, [&](const NodeStatus& row) {
    return !is_allowed(who->grants, {AccessAction::kRead, namespace_of(row.key.identity)});
  });
  for (NodeStatus& row : rows) {
    if (row.nack) hide_words(*row.nack, who->grants);
    hide_backends(row.report, who->grants);
  }
  return RpcResponse::json(200, status_json(parts_.store.version(), now, parts_.sight(), rows));
}

RpcResponse ApiServer::show_federation(const RpcRequest&) {
  return RpcResponse::json(200, federation_json(parts_.federation, parts_.registry.rows()));
}

void ApiServer::create_token(const RpcRequest& request, HttpServer::Respond respond) {
  Result<JsonValue> document = JsonValue::parse(request.body);
  if (!document) return respond(error_answer(document.error()));
  Problems problems;
  JsonObject object{JsonReader(*document, "", problems)};
  std::string id = object.string("id", {1, kMaxSpiffeId});
  Duration ttl = object.optional_duration("ttl", {1s, Issuer::kMaxTokenTtl}).value_or(Issuer::kDefaultTokenTtl);
  object.finish();
  if (!problems.empty()) return respond(error_answer(bad_request(problems.text())));
  Result<SpiffeId> identity = SpiffeId::parse(id);
  if (!identity) return respond(error_answer(bad_request(str_cat("id: ", identity.error().detail))));
  AccessAsk ask{AccessAction::kJoinToken, namespace_of(id)};
  if (auto no = gate_.refuse(request, ask, str_cat("token-create ", id))) return respond(*std::move(no));
  parts_.issuer.create_token(
      *identity, ttl, caller_of(request),
      [respond = std::move(respond)](const Result<CreatedToken>& token) mutable { respond(token_answer(token)); });
}

void ApiServer::drain() {
  current_.drain();
  access_.drain();
  changes_.drain();
  plan_.drain();
  rollouts_.drain();
  wait_.drain();
}
}  // namespace heddle
