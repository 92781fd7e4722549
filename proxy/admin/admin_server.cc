#include "proxy/admin/admin_server.h"

#include <utility>

#include "lib/base/strings.h"
#include "proxy/admin/config_view.h"

namespace heddle {
namespace {
using Respond = HttpServer::Respond;

struct AdminRow {
  std::string_view method;
  std::string_view path;
  std::string_view help;
  void (*handle)(const AdminProviders&, const RpcRequest&, Respond);
  bool socket_only = false;
};

RpcResponse json(std::string body) {
  RpcResponse response = RpcResponse::json(200, std::move(body));
  response.headers.emplace_back("cache-control", "no-store");
  response.headers.emplace_back("x-content-type-options", "nosniff");
  return response;
}

void show_help(const AdminProviders&, const RpcRequest&, Respond);

void show_config(const AdminProviders& from, const RpcRequest&, Respond respond) {
  auto snapshot = from.snapshot();
  if (snapshot == nullptr) return respond(RpcResponse::error(make_error(Reason::kNoConfig, "no configuration yet")));
  respond(json(config_json(*snapshot)));
}

void show_backends(const AdminProviders& from, const RpcRequest&, Respond respond) {
  auto snapshot = from.snapshot();
  if (snapshot == nullptr) return respond(RpcResponse::error(make_error(Reason::kNoConfig, "no configuration yet")));
  respond(json(backends_json(collect_backends(*snapshot, from.backends))));
}

void show_connections(const AdminProviders& from, const RpcRequest&, Respond respond) {
  from.connections([respond = std::move(respond)](const std::vector<AdminConnection>& rows) mutable {
    respond(json(connections_json(rows)));
  });
}

void show_listeners(const AdminProviders& from, const RpcRequest&, Respond respond) {
  respond(json(listeners_json(from.listeners ? from.listeners() : std::vector<ListenerRow>{})));
}

void show_certs(const AdminProviders& from, const RpcRequest&, Respond respond) {
  respond(json(certs_json(from.identity().get(), from.clock.wall())));
}

void show_levels(const AdminProviders& from, const RpcRequest&, Respond respond) {
  respond(json(levels_json(from.log.levels())));
}

Result<void> set_levels(Log& log, const RpcRequest& request) {
  auto wanted = request.query_param("level");
  if (!wanted) return make_error(Reason::kBadRequest, "say ?level=, and ?module= for one part only");
  HEDDLE_TRY(LogLevel level, parse_log_level(*wanted));
  if (auto module = request.query_param("module")) return log.set_level(*module, level);
  LogFilter all;
  all.everything_else = level;
  log.set_filter(all);
  return {};
}

void change_levels(const AdminProviders& from, const RpcRequest& request, Respond respond) {
  auto done = set_levels(from.log, request);
  if (!done) return respond(RpcResponse::error(done.error()));
  from.log.module("admin").info("log level changed", {{"query", request.query}});
  respond(json(levels_json(from.log.levels())));
}

void show_version(const AdminProviders& from, const RpcRequest&, Respond respond) {
  respond(json(version_json(from.program, from.clock.wall())));
}

constexpr Duration kMostWithin = 10min;

// The process goes on: what comes for the application drains once others let go of it.
void leave(const AdminProviders& from, const RpcRequest& request, std::string_view within, Respond respond) {
  auto time = parse_duration(within);
  if (!time || *time > kMostWithin || !from.leave) {
    return respond(RpcResponse::error(make_error(Reason::kBadRequest, "say ?within= as 25s, at most 10m")));
  }
  if (request.query_param("wait")) {
    return from.leave(*time,
                      [respond = std::move(respond)](std::string left) mutable { respond(json(std::move(left))); });
  }
  RpcResponse response = json("{\"draining\":true}");
  response.status = 202;
  respond(std::move(response));
  from.leave(*time, [](const std::string&) {});
}

void start_drain(const AdminProviders& from, const RpcRequest& request, Respond respond) {
  if (auto within = request.query_param("within")) return leave(from, request, *within, std::move(respond));
  from.log.module("admin").info("drain asked for");
  RpcResponse response = json("{\"draining\":true}");
  response.status = 202;
  respond(std::move(response));
  from.drain();
}

void show_explanation(const AdminProviders& from, const RpcRequest& request, Respond respond) {
  if (!from.explain) return respond(RpcResponse::error(make_error(Reason::kUnavailable, "no worker to ask")));
  from.explain(request.body, [respond = std::move(respond)](Result<std::string> explained) mutable {
    respond(explained ? json(*std::move(explained)) : RpcResponse::error(explained.error()));
  });
}

void show_facts(const AdminProviders& from, const RpcRequest&, Respond respond) {
  if (!from.facts) return respond(RpcResponse::error(make_error(Reason::kUnavailable, "no worker to ask")));
  from.facts([respond = std::move(respond)](Result<std::string> facts) mutable {
    respond(facts ? json(*std::move(facts)) : RpcResponse::error(facts.error()));
  });
}

void refuse_door(const RpcRequest&, Respond respond) {
  respond(RpcResponse::error(make_error(Reason::kForbidden, "shown on the admin's Unix socket only")));
}

constexpr AdminRow kRows[] = {
    {"GET", "/", "this help", show_help},
    {"GET", "/config", "the configuration in force: version, hash, resources", show_config},
    {"GET", "/backends", "every backend set and endpoint: health, why, numbers", show_backends},
    {"GET", "/connections", "every open connection of a caller", show_connections},
    {"GET", "/listeners", "every listener: where it leads, what its connections turned out to be", show_listeners},
    {"GET", "/certs", "our certificate and whom we trust", show_certs},
    {"POST", "/explain", "{\"url\": ...}: what would become of a request, and why; sends nothing", show_explanation},
    {"GET", "/facts", "what is remembered of requests, for `heddle plan`; on the Unix socket only", show_facts, true},
    {"GET", "/log", "log levels by module", show_levels},
    {"POST", "/log", "?level=debug [&module=upstream]: change log levels", change_levels},
    {"GET", "/version", "version, node, uptime", show_version},
    {"POST", "/drain",
     "stop taking traffic, finish what is open, exit; with ?within=25s: others let go of it first, and it goes on for "
     "the application until SIGTERM; with &wait the answer says how that ended",
     start_drain},
};

void show_help(const AdminProviders& from, const RpcRequest&, Respond respond) {
  std::string body = str_cat("heddle-proxy ", from.program.version, ", node ", from.program.node, "\n\n");
  for (const AdminRow& row : kRows) {
    std::string what = str_cat(row.method, " ", row.path);
    body += str_cat("  ", what, std::string(20 - what.size(), ' '), row.help, "\n");
  }
  body +=
      "\nOver TCP, a POST needs `authorization: Bearer <token>` with the token of admin.token in the state "
      "directory.\n";
  respond(RpcResponse::text(200, std::move(body)));
}

// "[::1]:15000" -> "[::1]", "localhost:15000" -> "localhost"
std::string host_of(std::string_view authority) {
  size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return {};
  return to_lower(authority.substr(0, authority.find(':', bracket)));
}

// DNS rebinding needs a name; an address of the loopback net cannot be rebound.
bool names_this_machine(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  auto address = Address::from_ip(host, 0);
  return address && address->is_loopback();
}
}  // namespace

Result<void> check_loopback_request(const RpcRequest& request, const AdminToken* token) {
  std::string host = host_of(request.authority);
  if (!names_this_machine(host)) {
    return make_error(Reason::kForbidden, "the Host must be localhost or a loopback address");
  }
  if (request.header("origin")) return make_error(Reason::kForbidden, "requests of web pages are refused");
  if (request.method == "GET") return {};
  auto shown = request.bearer_token();
  if (token != nullptr && shown && token->matches(*shown)) return {};
  return make_error(Reason::kUnauthenticated, "changes over TCP need the token of the state directory (admin.token)");
}

AdminServer::AdminServer(Loop& loop, Protocols& protocols, AdminProviders providers)
    : loop_(loop), protocols_(protocols), providers_(std::move(providers)) {}
AdminServer::~AdminServer() = default;

std::unique_ptr<HttpEndpoint> AdminServer::make_endpoint(Door door) {
  auto endpoint = std::make_unique<HttpEndpoint>(loop_, protocols_);
  for (const AdminRow& row : kRows) {
    if (row.socket_only && door == Door::kLoopback) {
      endpoint->server().route(std::string(row.method), row.path, refuse_door);
      continue;
    }
    endpoint->server().route(std::string(row.method), row.path,
                             [this, handle = row.handle](const RpcRequest& request, Respond respond) {
                               handle(providers_, request, std::move(respond));
                             });
  }
  return endpoint;
}

Result<void> AdminServer::listen_socket(const Address& address) {
  if (address.family() != Address::Family::kUnix) {
    return make_error(Reason::kConfigInvalid, str_cat(address.text(), " is not the path of a Unix socket"));
  }
  socket_ = make_endpoint(Door::kSocket);
  return socket_->listen(address);
}

Result<void> AdminServer::listen_loopback(const Address& address, AdminToken token) {
  if (!address.is_loopback()) {
    return make_error(Reason::kConfigInvalid, str_cat("the admin listens on loopback only, not on ", address.text()));
  }
  loopback_ = make_endpoint(Door::kLoopback);
  loopback_->server().guard([token](const RpcRequest& request) { return check_loopback_request(request, &token); });
  return loopback_->listen(address);
}

void AdminServer::stop() {
  if (socket_ != nullptr) socket_->stop();
  if (loopback_ != nullptr) loopback_->stop();
}

void AdminServer::abort() {
  if (socket_ != nullptr) socket_->abort();
  if (loopback_ != nullptr) loopback_->abort();
}

size_t AdminServer::connections() const noexcept {
  return (socket_ == nullptr ? 0 : socket_->connections()) + (loopback_ == nullptr ? 0 : loopback_->connections());
}
}  // namespace heddle
