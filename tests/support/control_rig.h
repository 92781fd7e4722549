// ControlRig: a whole heddle-control on a loop and in a directory of its own, with everything on free ports, and who
// talks to it: the API as an admin, attestation and renewal as a sidecar. ScriptedSidecar: a watch stream over real
// mutual TLS. Both wait by running the rig's loop, so a test reads top to bottom.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "control/app/server.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"
#include "proxy/identity/ca_client.h"
#include "tests/support/captured_log.h"
#include "tests/support/seeded_random.h"
#include "tests/support/watch_replica.h"

namespace heddle {
class ControlRig {
 public:
  static constexpr Duration kPatience = 60s;  // longer than a busy machine stalls
  using Adjust = std::function<void(ControlOptions&)>;
  // `adjust` changes the options of every start.
  explicit ControlRig(Adjust adjust = {});
  ~ControlRig();
  // With the same data as before, on other ports.
  void start();
  void stop() { server_.reset(); }
  // As if the process had been killed: what the next start finds is what the files held at this moment.
  void crash();
  bool run_until(UniqueFunction<bool()> done);

  // With the admin's token unless another is given.
  RpcResponse call(std::string method, std::string_view target, std::string body = "");
  RpcResponse call_as(std::string_view token, std::string method, std::string_view target, std::string body = "");
  // POST to the watch port, with this certificate or none.
  RpcResponse call_watch_port(std::shared_ptr<const Svid> svid, std::string_view path, std::string body);
  // The version it made; the test fails when it is refused.
  std::string apply(std::string_view items);

  std::string join_token(std::string_view id = "spiffe://cluster.local/ns/default/sa/web");
  Result<Svid> attest(std::string_view token, std::string_view id = "spiffe://cluster.local/ns/default/sa/web");
  Result<Svid> renew(const Svid&);
  std::shared_ptr<const Svid> new_svid() { return std::make_shared<const Svid>(*attest(join_token())); }

  SessionContext context() { return {loop, connections_}; }
  std::shared_ptr<const TrustBundle> bundle() const;
  std::string read(std::string_view file) const;
  std::string admin_token() const;
  const std::filesystem::path& data() const { return data_; }
  const Registry& metrics() const { return *metrics_; }
  bool has_logged(std::string_view text) const { return log_.contains(text); }

  Loop loop;
  Protocols protocols{loop, HttpLimits{}};
  TcpConnector tcp{loop};
  std::unique_ptr<ControlServer> server_;

 private:
  class TlsClient;
  RpcResponse exchange(const Address&, std::shared_ptr<const Svid>, RpcRequest);
  Result<Svid> sign(std::string_view token, std::string_view id, std::shared_ptr<const Svid> svid);
  Adjust adjust_;
  CapturedLog log_;
  SeededRandom random_{7};
  std::unique_ptr<Registry> metrics_;
  ConnectionRegistry connections_;
  std::filesystem::path parent_;
  std::filesystem::path data_;
  int crashes_ = 0;
};

class ScriptedSidecar final : private LineObserver {
 public:
  ScriptedSidecar(ControlRig&, std::shared_ptr<const Svid>);
  ~ScriptedSidecar() override;
  // Opens a stream and says hello with what the replica holds.
  void connect(std::vector<ResourceKey> wants);
  void disconnect();
  void say(const SidecarMessage&);
  void say_line(std::string_view line);
  // Until a batch is complete; then ack() answers it.
  bool await_batch();
  void ack() { say(replica.ack()); }
  bool is_open() const { return open_; }
  std::optional<Error> closed;
  WatchReplica replica;

 private:
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override {
    open_ = false;
    closed = why;
  }
  ControlRig& rig_;
  std::shared_ptr<const Svid> svid_;
  TlsConnector tls_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<HttpClient::Lines> lines_;
  bool open_ = false;
  bool batch_ = false;
};
}  // namespace heddle
