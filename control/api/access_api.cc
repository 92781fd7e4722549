#include "control/api/access_api.h"

#include <algorithm>
#include <iterator>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr SizeRange kNameSize{1, 63};
constexpr std::string_view kRevokedAdmin = "access.revoked";  // the document that serializes them

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

void AccessApi::serve_on(HttpServer& server, CurrentReads& current) {
  route(server, "POST", "/v1/access", &AccessApi::create);
  route(server, current, "GET", "/v1/access", &AccessApi::list);
  route(server, "DELETE", "/v1/access/{name}", &AccessApi::revoke);
  route(server, current, "GET", "/v1/whoami", &AccessApi::whoami);
}

void AccessApi::route(HttpServer& server, std::string method, std::string_view pattern, Handler handler) {
  server.route(
      std::move(method), pattern,
      [this, handler](const RpcRequest& r, HttpServer::Respond respond) {
        if (auto no = parts_.gate.readmit(r)) return respond(*std::move(no));
        (this->*handler)(r, std::move(respond));
      },
      kMaxBody);
}

void AccessApi::route(HttpServer& server, CurrentReads& current, std::string method, std::string_view pattern,
                      Answer answer) {
  server.route(std::move(method), pattern,
               current.then([this, answer](const RpcRequest& r, HttpServer::Respond respond) {
                 if (auto no = parts_.gate.readmit(r)) return respond(*std::move(no));
                 respond((this->*answer)(r));
               }),
               kMaxBody);
}

AccessApi::Asked AccessApi::asked_by(const RpcRequest& request, HttpServer::Respond respond) {
  Asked out{request, parts_.gate.caller_of(request), std::move(respond)};
  out.request.body = std::string();
  return out;
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

Result<std::vector<std::string>> AccessApi::room_for(const Making& making) {
  HEDDLE_TRY(AccessHolder giver, parts_.gate.holder(making.asked.request));
  HEDDLE_CHECK_OK(may_give(giver.grants, making.wish.grants));
  HEDDLE_CHECK_OK(may_last(making.wish, giver));
  HEDDLE_TRY(std::vector<AdminTokenRow> rows, parts_.ledger.admin_tokens());
  return room_for_token(rows, making.wish.name, parts_.clock.wall());
}

// Before it, and not with it: one that expired may have the same name.
LedgerTries::Judged AccessApi::sweep(const Making& making) {
  HEDDLE_TRY(std::vector<std::string> past, room_for(making));
  std::ranges::partition(past, [&making](const std::string& id) { return id == making.wish.name; });
  if (past.size() > kMaxSwept) past.resize(kMaxSwept);
  LedgerChange change;
  for (std::string& id : past) change.push_back(RemoveAdminToken{std::move(id)});
  return change;
}

LedgerTries::Judged AccessApi::add(Making& making) {
  HEDDLE_CHECK_OK(room_for(making));
  AdminTokenRow& row = making.row;
  row = {making.wish.name, "", parts_.clock.wall()};
  if (making.wish.ttl) row.expires = row.created + *making.wish.ttl;
  JsonWriter grants(row.grants);
  write_grants(grants, making.wish.grants);
  making.token = new_access_token();
  return LedgerChange{AddAdminToken{sha256(as_bytes(making.token)), row}};
}

void AccessApi::create(const RpcRequest& request, HttpServer::Respond respond) {
  Result<AccessHolder> giver = parts_.gate.holder(request);
  if (!giver) return respond(error_answer(giver.error()));
  Asked asked = asked_by(request, std::move(respond));
  Result<Wish> wish = read(request.body);
  if (!wish) return asked.respond(refused(asked.caller, "access-create", "", wish.error()));
  auto making = std::make_shared<Making>(Making{std::move(asked), *std::move(wish), "", {}});
  auto finish = [this, making](const Result<void>& kept) { making->asked.respond(made(*making, kept)); };
  tries_.run([this, making](LedgerTries::Sight) { return sweep(*making); },
             [this, making, finish](const Result<void>& swept) mutable {
               if (!swept) return finish(swept);
               tries_.run([this, making](LedgerTries::Sight) { return add(*making); }, std::move(finish));
             });
}

RpcResponse AccessApi::made(const Making& making, const Result<void>& kept) {
  if (!kept) return refused(making.asked.caller, "access-create", making.wish.name, kept.error());
  const AdminTokenRow& row = making.row;
  std::string until = row.expires ? str_cat(", until ", format_time(*row.expires)) : "";
  audit("access-create", row.id, str_cat(to_text(making.wish.grants), until), making.asked.caller);
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("name", row.id).field("token", making.token);
  write_grants(out.key("grants"), making.wish.grants);
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

// Who may do everything goes with a mark: two control planes may be asked at once, each for another of the last two.
LedgerTries::Judged AccessApi::remove(std::string_view name, const RpcRequest& request) {
  HEDDLE_TRY(AccessHolder by, parts_.gate.holder(request));
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
  LedgerChange change{RemoveAdminToken{std::string(name)}};
  if (!is_lasting_admin(*found)) return change;
  if (std::ranges::count_if(rows, is_lasting_admin) == 1) {
    return conflict(str_cat(name, " is the last token that may do everything and does not expire: make another first"));
  }
  change.push_back(PutMeta{std::string(kRevokedAdmin), std::string(name)});
  return change;
}

void AccessApi::revoke(const RpcRequest& request, HttpServer::Respond respond) {
  Result<AccessHolder> by = parts_.gate.holder(request);
  if (!by) return respond(error_answer(by.error()));
  auto asked = std::make_shared<Asked>(asked_by(request, std::move(respond)));
  const std::string& name = asked->request.path_params.at("name");
  tries_.run([this, asked, name](LedgerTries::Sight) { return remove(name, asked->request); },
             [this, asked, name](const Result<void>& kept) { asked->respond(revoked(asked->caller, name, kept)); });
}

RpcResponse AccessApi::revoked(const Caller& by, std::string_view name, const Result<void>& kept) {
  if (!kept) return refused(by, "access-revoke", name, kept.error());
  audit("access-revoke", name, "", by);
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

void AccessApi::drain() {
  tries_.abandon(make_error(Reason::kDraining,
                            "this control plane is shutting down; whether the change was made is not known: look at "
                            "the list"));
}

void AccessApi::audit(std::string_view type, std::string_view name, std::string detail, const Caller& caller) {
  AuditRecord record{std::string(type), std::string(name), std::move(detail)};
  parts_.audit.write(record, caller, {}, parts_.clock.wall());
}

RpcResponse AccessApi::refused(const Caller& caller, std::string_view type, std::string_view name, const Error& why) {
  parts_.gate.note(caller, str_cat(type, name.empty() ? "" : " ", name.substr(0, kNameSize.max)), why);
  return error_answer(why);
}
}  // namespace heddle
