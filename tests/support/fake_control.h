// FakeControl: a control plane as far as sidecars see it: a real HttpServer over TLS 1.3 on loopback that signs, and a
// watch stream whose lines the test writes. Lives on the test's loop; ends its connections when it dies.
#pragma once
#include <string>
#include <vector>

#include "certs/authority.h"
#include "lib/api/watch_messages.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/tls/tls_context.h"

namespace heddle {
inline constexpr std::string_view kFakeControlId = "spiffe://cluster.local/ns/heddle-system/sa/heddle-control";

// Aborts what is left and runs the loop until it is gone.
void end_connections(Loop&, ConnectionRegistry&);

class FakeControl {
 public:
  explicit FakeControl(Loop&, std::string_view id = kFakeControlId);
  ~FakeControl();
  const Address& address() const { return listener_->address(); }
  std::shared_ptr<const TrustBundle> bundle() const;
  std::string bundle_pem() const { return authority_->roots()->to_pem(); }
  // Down the newest watch stream; there must be one.
  void say(const ControlMessage&);
  bool has_stream() const noexcept { return stream_ != nullptr; }

  // Answers claim to be this much older than they are.
  Duration issued_ago{};
  std::vector<std::string> attested;    // bodies; "good-token" is accepted
  std::vector<std::string> renewed_by;  // ids
  std::vector<std::string> watched_by;  // ids
  std::vector<SidecarMessage> heard;    // on watch streams

 private:
  class Watcher;
  void add_routes();
  RpcResponse answer(const RpcRequest&);
  Loop& loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  CertificateAuthority::Ptr authority_;
  std::shared_ptr<const TlsContext> context_;
  ConnectionCap cap_{100};
  HttpServer server_{{loop_, registry_}, protocols_, {}};
  std::unique_ptr<Listener> listener_;
  LineSender* stream_ = nullptr;
};
}  // namespace heddle
