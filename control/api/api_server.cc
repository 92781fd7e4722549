#include "control/api/api_server.h"

#include "control/api/federation_view.h"
#include "control/api/resource_view.h"
#include "control/api/status_view.h"
#include "control/api/wait_view.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"

namespace heddle {
namespace {
constexpr size_t kMaxTokenText = 128;
constexpr size_t kMaxPathSaid = 256;
constexpr uint32_t kApiSchema = 1;

Error not_found(std::string what) { return make_error(Reason::kNotFound, std::move(what), Origin::kDownstream); }
Error bad_request(std::string why) { return make_error(Reason::kBadRequest, std::move(why), Origin::kDownstream); }
RpcResponse too_large(size_t limit) {
  return error_answer(make_error(Reason::kTooLarge, str_cat("the body exceeds ", std::to_string(limit), " bytes")));
}

Result<Kind> kind_of(const RpcRequest& request) {
  const std::string& plural = request.path_params.at("plural");
  for (const KindInfo& kind : all_kinds()) {
    if (kind.plural == plural) return kind.kind;
  }
  return not_found(str_cat("no such kind of resource: ", quoted(plural)));
}

Result<ResourceKey> key_of(const RpcRequest& request) {
  HEDDLE_TRY(Kind kind, kind_of(request));
  return ResourceKey::make(kind, request.path_params.at("namespace"), request.path_params.at("name"));
}

}  // namespace

void ApiServer::serve_on(HttpServer& server) {
  server.guard([this](const RpcRequest& request) { return admit(request); });
  route(server, "GET", "/v1/version", &ApiServer::version);
  route(server, "GET", "/v1/resources/{plural}", &ApiServer::list);
  route(server, "GET", "/v1/resources/{plural}/{namespace}/{name}", &ApiServer::get);
  route(server, "POST", "/v1/explain", &ApiServer::explain);
  route(server, "GET", "/v1/status", &ApiServer::status);
  route(server, "POST", "/v1/tokens", &ApiServer::create_token);
  route(server, "GET", "/v1/ca", &ApiServer::show_ca);
  route(server, "POST", "/v1/ca/{step}", &ApiServer::step_ca);
  route(server, "GET", "/v1/federation", &ApiServer::show_federation);
  route(server, "GET", "/v1/wait", &ApiServer::wait);
  route(server, "DELETE", "/v1/resources/{plural}/{namespace}/{name}", &ApiServer::erase);
  route(server, "POST", "/v1/apply", &ApiServer::apply);
  route(server, "POST", "/v1/rollback", &ApiServer::rollback);
  route(server, "GET", "/v1/history", &ApiServer::list_history);
  route(server, "GET", "/v1/history/{version}", &ApiServer::show_version);
  route(server, "GET", "/v1/diff", &ApiServer::diff_versions);
}

void ApiServer::route(HttpServer& server, std::string method, std::string_view pattern, Handler handler) {
  size_t limit = pattern == "/v1/apply" ? kMaxApplyBody : kMaxBody;
  server.route(std::move(method), pattern, [this, handler, limit](const RpcRequest& r, HttpServer::Respond respond) {
    if (r.body.size() <= limit) return (this->*handler)(r, std::move(respond));
    respond(too_large(limit));
  });
}

void ApiServer::route(HttpServer& server, std::string method, std::string_view pattern, Answer answer) {
  server.route(std::move(method), pattern, [this, answer](const RpcRequest& r, HttpServer::Respond respond) {
    respond(r.body.size() <= kMaxBody ? (this->*answer)(r) : too_large(kMaxBody));
  });
}

// Runs before the body is kept.
Result<void> ApiServer::admit(const RpcRequest& request) {
  MonoTime now = parts_.scheduler.now();
  if (!failures_.may_try(request.peer, now)) {
    audit_denial(request, make_error(Reason::kRateLimited, "too many bearer tokens were wrong"));
    return make_error(Reason::kRateLimited, "", Origin::kDownstream);
  }
  Result<AdminTokenRow> token = authenticate(request);
  if (token) return {};
  failures_.note_failure(request.peer, now);
  audit_denial(request, token.error());
  if (token.error().reason != Reason::kUnauthenticated) return std::move(token).error();
  return make_error(Reason::kUnauthenticated, "", Origin::kDownstream);
}

// By the token's hash: how long the look-up takes says nothing about any token.
Result<AdminTokenRow> ApiServer::authenticate(const RpcRequest& request) {
  std::string_view token = request.bearer_token().value_or("");
  if (token.empty() || token.size() > kMaxTokenText) {
    return make_error(Reason::kUnauthenticated, "no bearer token", Origin::kDownstream);
  }
  HEDDLE_TRY(std::optional<AdminTokenRow> found, parts_.ledger.find_admin_token(sha256(as_bytes(token))));
  if (found) return *std::move(found);
  return make_error(Reason::kUnauthenticated, "unknown bearer token", Origin::kDownstream);
}

void ApiServer::audit_denial(const RpcRequest& request, const Error& why) {
  AuditRecord record{"deny", str_cat(request.method, " ", request.path).substr(0, kMaxPathSaid), ""};
  Result<void> denied = Error(why);
  parts_.refusals.write(record, make_caller(request, "", parts_.random), denied, parts_.scheduler.wall());
}

Caller ApiServer::caller_of(const RpcRequest& request) {
  Result<AdminTokenRow> token = authenticate(request);
  return make_caller(request, token ? token->id : std::string(), parts_.random);
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
  View view = parts_.store.view();
  ResourceView shown(view, conditions());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("kind", std::string_view("List")).field("version", view.version().text());
  out.key("items").begin_array();
  view.for_each(*kind, [&](const StoredResource::Ptr& resource) {
    if (ns.empty() || resource->key().ns == ns) out.value(shown.document(*resource));
  });
  out.end_array().end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse ApiServer::get(const RpcRequest& request) {
  Result<ResourceKey> key = key_of(request);
  if (!key) return error_answer(key.error());
  View view = parts_.store.view();
  StoredResource::Ptr found = view.find(*key);
  if (found == nullptr) return error_answer(not_found(str_cat(key->text(), " does not exist")));
  return RpcResponse::json(200, ResourceView(std::move(view), conditions()).document(*found).compact());
}

ResourceConditions ApiServer::conditions() const { return {parts_.hub.holders(), parts_.registry}; }

void ApiServer::erase(const RpcRequest& request, HttpServer::Respond respond) {
  Result<ResourceKey> key = key_of(request);
  if (!key) return respond(error_answer(key.error()));
  changes_.erase(*key, request, caller_of(request), std::move(respond));
}

RpcResponse ApiServer::explain(const RpcRequest& request) {
  Result<std::string> answer = explainer_.answer(request.body);
  return answer ? RpcResponse::json(200, *std::move(answer)) : error_answer(answer.error());
}

RpcResponse ApiServer::status(const RpcRequest&) {
  Result<std::vector<Lineage>> lineages = parts_.ledger.lineages();
  if (!lineages) return error_answer(lineages.error());
  WallTime now = parts_.scheduler.wall();
  std::vector<NodeStatus> rows = join_certificates(parts_.registry.rows(), *lineages, now);
  return RpcResponse::json(200, status_json(parts_.store.version(), now, rows));
}

RpcResponse ApiServer::show_federation(const RpcRequest&) {
  return RpcResponse::json(200, federation_json(parts_.federation, parts_.registry.rows()));
}

RpcResponse ApiServer::create_token(const RpcRequest& request) {
  Result<JsonValue> document = JsonValue::parse(request.body);
  if (!document) return error_answer(document.error());
  Problems problems;
  JsonObject object{JsonReader(*document, "", problems)};
  std::string id = object.string("id", {1, kMaxSpiffeId});
  Duration ttl = object.optional_duration("ttl", {1s, Issuer::kMaxTokenTtl}).value_or(Issuer::kDefaultTokenTtl);
  object.finish();
  if (!problems.empty()) return error_answer(bad_request(problems.text()));
  Result<SpiffeId> identity = SpiffeId::parse(id);
  if (!identity) return error_answer(bad_request(str_cat("id: ", identity.error().detail)));
  Result<CreatedToken> token = parts_.issuer.create_token(*identity, ttl, caller_of(request));
  if (!token) return error_answer(token.error());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("token", token->token).field("expires", format_time(token->expires)).end_object();
  return RpcResponse::json(200, std::move(body));
}

void ApiServer::wait(const RpcRequest& request, HttpServer::Respond respond) {
  Result<Version> version = Version::parse(request.query_param("version").value_or(""));
  if (!version) return respond(error_answer(bad_request("version: expected a version as \"1.42\"")));
  Result<Duration> timeout = parse_duration(request.query_param("timeout").value_or("30s"));
  if (!timeout || *timeout > kMaxWait) {
    return respond(error_answer(bad_request("timeout: expected a duration of at most 10m, as \"30s\"")));
  }
  if (waiting_.size() >= kMaxWaiting) {
    return respond(error_answer(make_error(Reason::kOverload, "too many callers wait already")));
  }
  uint64_t id = next_wait_++;
  Waiting& waiting = waiting_[id];
  waiting.respond = std::move(respond);
  waiting.token = parts_.hub.wait(*version, *timeout, [this, id](const WaitResult& r) { on_waited(id, r); });
}

void ApiServer::on_waited(uint64_t id, const WaitResult& result) {
  auto node = waiting_.extract(id);
  node.mapped().respond(wait_answer(result, parts_.store.version(), parts_.hub.size()));
}

void ApiServer::drain() {
  changes_.drain();
  std::map<uint64_t, Waiting> all = std::move(waiting_);
  waiting_.clear();
  for (auto& [id, waiting] : all) {
    waiting.token.reset();
    waiting.respond(error_answer(make_error(Reason::kDraining, "this control plane is shutting down")));
  }
}
}  // namespace heddle
