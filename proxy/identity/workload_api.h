// WorkloadApi: hands this sidecar's identity to its application over a Unix socket, by the X.509 profile of the SPIFFE
// Workload API (gRPC). Every message is the whole state; it is sent at once and again whenever certificate or bundle
// change. Who may connect is who may open the socket file: then it is this workload. Limits: 64 connections, 256 calls;
// a call that does not say its request in time ends, and so does a connection without calls. Main loop; encodes once
// per change, not per caller. It hands out what the IdentitySource published and nothing else.
#pragma once
#include <memory>

#include "lib/base/intrusive_list.h"
#include "lib/base/log.h"
#include "lib/net/listener.h"
#include "lib/rpc/grpc_server.h"
#include "proxy/identity/svid_source.h"
#include "proxy/identity/workload_messages.h"

namespace heddle {
struct WorkloadApiOptions {
  Address socket;                // a Unix path; the file of a dead process is replaced
  uint32_t mode = 0600;          // of the file
  Duration first_request = 10s;  // from a call's head to its request
};

class WorkloadApi {
 public:
  static constexpr size_t kMaxConnections = 64;
  static constexpr size_t kMaxCalls = 256;
  // `source` must outlive it.
  static Result<std::unique_ptr<WorkloadApi>> start(Loop&, Protocols&, Logger, IdentitySource&,
                                                    const WorkloadApiOptions&);
  WorkloadApi(Loop&, Protocols&, Logger, IdentitySource&, Duration first_request);  // start() is for you
  WorkloadApi(const WorkloadApi&) = delete;
  WorkloadApi& operator=(const WorkloadApi&) = delete;
  // Runs the loop until every connection is gone.
  ~WorkloadApi();
  size_t calls() const noexcept { return server_.calls(); }

 private:
  enum class Kind : uint8_t { kSvids, kBundles };
  class Stream;
  using Handler = GrpcServer::Handler;
  void add_routes();
  Handler fetch(Kind);
  Result<void> listen(const WorkloadApiOptions&);
  void on_identity(const TlsIdentity&);
  void tell(Kind);
  // Why there is nothing to hand out; nothing when there is.
  std::optional<GrpcEnd> missing() const;
  std::string_view state_of(Kind) const noexcept;
  void on_connection_gone();

  Loop& loop_;
  Logger log_;
  IdentitySource& source_;
  const Duration first_request_;
  ConnectionRegistry registry_;
  ConnectionCap cap_{kMaxConnections};
  IntrusiveList<Stream> streams_;
  GrpcServer server_;
  std::unique_ptr<Listener> listener_;
  std::optional<WallTime> not_after_;  // of what is handed out; nothing yet
  Secret svids_;
  std::string bundles_;
  Subscription subscription_;
};
}  // namespace heddle
