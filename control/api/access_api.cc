#include "control/api/access_api.h"

#include <algorithm>
#include <iterator>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr SizeRange kNameSize{1, 63};

Error conflict(std::string why) { return make_error(Reason::kConflict, std::move(why), Origin::kDownstream); }

void write_expires(JsonWriter& out, const std::optional<WallTime>& expires) {
  if (expires) out.field("expires", format_time(*expires));
}

void write_row(JsonWriter& out, const AdminTokenRow& row, WallTime now) {
  Result<AccessGrants> grants = grants_of(row);
  out.begin_object().field("name", row.id);
  write_grants(out.key("grants"), grants ? *grants : AccessGrants{});
  out.field("created", format_time(row.created));
  write_expires(out, row.expires);
  out.field("expired", has_expired(row, now)).end_object();
}

// Whoever may revoke a token may take from everybody but from those who may do everything.
AccessGrants guarded(const AccessGrants& grants) {
  AccessGrants out;
  std::ranges::copy_if(grants, std::back_inserter(out),
                       [](const AccessGrant& grant) { return grant.role == AccessRole::kAdmin; });
  return out;
}
}  // namespace

void AccessApi::serve_on(HttpServer& server) {
  route(server, "POST", "/v1/access", &AccessApi::create);
  route(server, "GET", "/v1/access", &AccessApi::list);
  route(server, "DELETE", "/v1/access/{name}", &AccessApi::revoke);
  route(server, "GET", "/v1/whoami", &AccessApi::whoami);
}

void AccessApi::route(HttpServer& server, std::string method, std::string_view pattern, Handler handler) {
  server.route(
      std::move(method), pattern,
      [this, handler](const RpcRequest& r, HttpServer::Respond respond) {
        if (auto no = parts_.gate.readmit(r)) return respond(*std::move(no));
        respond((this->*handler)(r));
      },
      kMaxBody);
}

Result<AccessApi::Wish> AccessApi::read(const std::string& body) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  Wish out;
  out.name = object.string("name", kNameSize);
  if (!out.name.empty() && !is_dns_label(out.name)) {
    object.problem("name", "expected 1-63 lower-case letters, digits or '-'");
  }
  out.grants = read_grants(object.array("grants", {1, kMaxGrants}));
  out.ttl = object.optional_duration("ttl", {1s, kMaxTtl});
  object.finish();
  if (!problems.empty()) return bad_request(problems.text());
  return out;
}

Result<void> AccessApi::reserve(std::string_view name) {
  HEDDLE_TRY(std::vector<AdminTokenRow> rows, parts_.ledger.admin_tokens());
  HEDDLE_TRY(std::vector<std::string> past, room_for_token(rows, name, parts_.clock.wall()));
  for (const std::string& id : past) HEDDLE_CHECK_OK(parts_.ledger.remove_admin_token(id));
  return {};
}

// What a token makes does not outlive it, else an hour's token would be one for ever.
Result<void> AccessApi::may_last(const Wish& wish, const AccessHolder& giver) const {
  if (!giver.expires) return {};
  Duration left = *giver.expires - parts_.clock.wall();
  if (wish.ttl && *wish.ttl <= left) return {};
  Duration whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  return make_error(
      Reason::kForbidden,
      str_cat("this token expires at ", format_time(*giver.expires),
              ", and a token that it makes may not outlive it: ask for a ttl of at most ", format_duration(whole)),
      Origin::kDownstream);
}

Result<std::string> AccessApi::add(const Wish& wish, const AccessHolder& giver, AdminTokenRow& row) {
  HEDDLE_CHECK_OK(may_give(giver.grants, wish.grants));
  HEDDLE_CHECK_OK(may_last(wish, giver));
  HEDDLE_CHECK_OK(reserve(wish.name));
  row.id = wish.name;
  row.created = parts_.clock.wall();
  if (wish.ttl) row.expires = row.created + *wish.ttl;
  JsonWriter grants(row.grants);
  write_grants(grants, wish.grants);
  std::string token = new_access_token();
  HEDDLE_CHECK_OK(parts_.ledger.add_admin_token(sha256(as_bytes(token)), row));
  return token;
}

RpcResponse AccessApi::create(const RpcRequest& request) {
  Result<AccessHolder> giver = parts_.gate.holder(request);
  if (!giver) return error_answer(giver.error());
  Result<Wish> wish = read(request.body);
  if (!wish) return refused(request, "access-create", "", wish.error());
  AdminTokenRow row;
  Result<std::string> token = add(*wish, *giver, row);
  if (!token) return refused(request, "access-create", wish->name, token.error());
  std::string until = row.expires ? str_cat(", until ", format_time(*row.expires)) : "";
  audit("access-create", row.id, str_cat(to_text(wish->grants), until), request);
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("name", row.id).field("token", *token);
  write_grants(out.key("grants"), wish->grants);
  write_expires(out, row.expires);
  out.end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse AccessApi::list(const RpcRequest&) {
  Result<std::vector<AdminTokenRow>> rows = parts_.ledger.admin_tokens();
  if (!rows) return error_answer(rows.error());
  WallTime now = parts_.clock.wall();
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("tokens").begin_array();
  for (const AdminTokenRow& row : *rows) write_row(out, row, now);
  out.end_array().end_object();
  return RpcResponse::json(200, std::move(body));
}

Result<void> AccessApi::remove(std::string_view name, const AccessHolder& by) {
  HEDDLE_TRY(std::vector<AdminTokenRow> rows, parts_.ledger.admin_tokens());
  auto found = std::ranges::find(rows, name, &AdminTokenRow::id);
  if (found == rows.end()) {
    return make_error(Reason::kNotFound, str_cat("there is no token ", name), Origin::kDownstream);
  }
  Result<AccessGrants> grants = grants_of(*found);
  if (grants && !may_give(by.grants, guarded(*grants))) {
    return make_error(
        Reason::kForbidden,
        str_cat("this token may not revoke ", name, ", which has the role admin: it needs that role itself"),
        Origin::kDownstream);
  }
  if (is_lasting_admin(*found) && std::ranges::count_if(rows, is_lasting_admin) == 1) {
    return conflict(str_cat(name, " is the last token that may do everything and does not expire: make another first"));
  }
  HEDDLE_CHECK_OK(parts_.ledger.remove_admin_token(name));
  return {};
}

RpcResponse AccessApi::revoke(const RpcRequest& request) {
  Result<AccessHolder> by = parts_.gate.holder(request);
  if (!by) return error_answer(by.error());
  const std::string& name = request.path_params.at("name");
  Result<void> removed = remove(name, *by);
  if (!removed) return refused(request, "access-revoke", name, removed.error());
  audit("access-revoke", name, "", request);
  std::string body;
  JsonWriter(body).begin_object().field("name", name).end_object();
  return RpcResponse::json(200, std::move(body));
}

RpcResponse AccessApi::whoami(const RpcRequest& request) {
  Result<AccessHolder> who = parts_.gate.holder(request);
  if (!who) return error_answer(who.error());
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("name", who->name);
  write_grants(out.key("grants"), who->grants);
  write_expires(out, who->expires);
  out.end_object();
  return RpcResponse::json(200, std::move(body));
}

void AccessApi::audit(std::string_view type, std::string_view name, std::string detail, const RpcRequest& request) {
  AuditRecord record{std::string(type), std::string(name), std::move(detail)};
  parts_.audit.write(record, parts_.gate.caller_of(request), {}, parts_.clock.wall());
}

RpcResponse AccessApi::refused(const RpcRequest& request, std::string_view type, std::string_view name,
                               const Error& why) {
  parts_.gate.note(request, str_cat(type, name.empty() ? "" : " ", name.substr(0, kNameSize.max)), why);
  return error_answer(why);
}
}  // namespace heddle
