// AdminServer: what an operator asks one sidecar and, rarely, tells it. One table of {method, path, help, handler},
// served on two listeners: a Unix socket of mode 0600, where everything is allowed, and loopback TCP, where only
// reading is free: a POST needs the token of the state directory, the Host must name this machine (rule C11, CP-053:
// DNS rebinding), and a request that carries an Origin comes from a web page and is refused. What requests said
// (/facts) is shown on the socket only. Main loop. To add an
// endpoint: a handler function and a row in admin_server.cc.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "proxy/admin/admin_token.h"
#include "proxy/admin/admin_views.h"
#include "proxy/admin/http_endpoint.h"
#include "proxy/admin/listener_rows.h"

namespace heddle {

// What the admin can ask of the rest of the process. Everything referred to outlives the server.
struct AdminProviders {
  const Clock& clock;
  Log& log;
  ProgramInfo program;
  BackendSources backends;
  std::function<std::shared_ptr<const Snapshot>()> snapshot;     // null: none yet
  std::function<std::shared_ptr<const TlsIdentity>()> identity;  // null: none yet
  // Answers once, from the main loop, now or later.
  using OnConnections = UniqueFunction<void(std::vector<AdminConnection>)>;
  std::function<void(OnConnections)> connections;
  std::function<void()> drain;
  std::function<std::vector<ListenerRow>()> listeners = {};  // empty: there are none
  // The JSON of what would become of a request (explain_view.h); answers as `connections` does. Empty: nobody can say.
  using OnExplained = UniqueFunction<void(Result<std::string>)>;
  std::function<void(std::string_view body, OnExplained)> explain = {};
  // The JSON of what is remembered of requests; kNotFound: nothing is. Answers as `connections` does.
  using OnFacts = UniqueFunction<void(Result<std::string>)>;
  std::function<void(OnFacts)> facts = {};
  // Takes this sidecar out of the others' configuration; the JSON of how that ended (proxy/app/leaving.h).
  using OnLeft = UniqueFunction<void(std::string)>;
  std::function<void(Duration within, OnLeft)> leave = {};
};

class AdminServer {
 public:
  AdminServer(Loop&, Protocols&, AdminProviders);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();
  // `address` is a Unix path; an old socket file is replaced.
  Result<void> listen_socket(const Address&);
  // Refuses (kConfigInvalid) an address that other machines could reach.
  Result<void> listen_loopback(const Address&, AdminToken);
  const Address& loopback_address() const { return loopback_->address(); }
  void stop();
  void abort();
  size_t connections() const noexcept;

 private:
  enum class Door : uint8_t { kSocket, kLoopback };
  std::unique_ptr<HttpEndpoint> make_endpoint(Door);
  Loop& loop_;
  Protocols& protocols_;
  AdminProviders providers_;
  std::unique_ptr<HttpEndpoint> socket_;
  std::unique_ptr<HttpEndpoint> loopback_;
};

// For listeners on loopback: refuses a Host that is not this machine, and requests from web pages. `token`: demanded of
// everything but GET; nullptr: everything but GET is refused.
Result<void> check_loopback_request(const RpcRequest&, const AdminToken* token);
}  // namespace heddle
