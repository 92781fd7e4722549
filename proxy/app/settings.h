// Settings: what *this* proxy is, as its bootstrap file says (docs/proxy-config.md): identity source, config source,
// listeners, operations. Plain values, parsed once by bootstrap.h. What the mesh says comes from the config source.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certs/spiffe_id.h"
#include "lib/base/address.h"
#include "lib/base/clock.h"
#include "lib/config/model.h"
#include "lib/event/dns_resolver.h"
#include "lib/net/proxy_header.h"
#include "proxy/admin/application_probes.h"
#include "proxy/exchange/caller_fields.h"
#include "proxy/exchange/incoming_connection.h"
#include "proxy/identity/ca_client.h"
#include "proxy/identity/identity_files.h"

namespace heddle {

struct IdentitySettings {
  enum class Source : uint8_t { kNone, kFiles, kControl, kSpire };
  Source source = Source::kNone;
  std::string certificate;     // files: PEM chain, leaf first
  std::string key;             // files: PEM PKCS#8
  std::string bundle;          // files: PEM roots of our trust domain
  std::optional<SpiffeId> id;  // control: who we ask to be; default ns/<namespace>/sa/<node>; spire: which of several
  TokenKind token_kind = TokenKind::kJoin;
  std::string token_file;  // control: a join token, read once, on first start; or a pod's, read for every certificate
  bool persist = true;
  Address workload_socket;  // spire: of the agent
  bool operator==(const IdentitySettings&) const = default;
};

struct ControlSettings {
  std::vector<HostAddress> addresses;
  std::string bundle;  // PEM roots that the control plane must chain to
  std::optional<SpiffeId> id;
  bool operator==(const ControlSettings&) const = default;
};

struct ConfigSettings {
  enum class Source : uint8_t { kNone, kFiles, kControl };
  Source source = Source::kNone;
  std::string path;  // files: a file or a directory
  bool operator==(const ConfigSettings&) const = default;
};

struct ListenerSettings {
  enum class Direction : uint8_t { kOutbound, kInbound };
  std::string name;
  Direction direction = Direction::kOutbound;
  Address address;
  PortProtocol protocol = PortProtocol::kAuto;
  std::string service;                   // outbound: "hello.default"; empty: routed by Host
  uint16_t port = 0;                     // outbound: of the service; 0: by Host, else its only port
  InboundTls tls = InboundTls::kStrict;  // inbound
  std::optional<Address> forward;        // inbound: the local application
  UpstreamProtocol forward_protocol = UpstreamProtocol::kHttp1;     // inbound
  ForwardClientCert forward_client_cert = ForwardClientCert::kSet;  // inbound
  TrustForwarded trust_forwarded = TrustForwarded::kMesh;           // inbound
  bool proxy_protocol = false;                                      // every connection begins with a PROXY header
  std::optional<ProxyVersion> forward_proxy_protocol;               // inbound, tcp: what the application is told
  bool intercept = false;              // connections are redirected to it; their destination is SO_ORIGINAL_DST
  bool external_allowed = true;        // intercept, outbound: to what is not of the mesh
  bool application_localhost = false;  // intercept, inbound: not at the original address but at 127.0.0.1 or ::1
  std::vector<std::pair<uint16_t, uint16_t>> opaque_ports{};  // intercept: first and last; bytes, never looked into
  bool operator==(const ListenerSettings&) const = default;
};

struct WorkloadApiSettings {
  std::optional<Address> socket;  // absent: not served
  uint32_t mode = 0600;           // of the socket file
  bool operator==(const WorkloadApiSettings&) const = default;
};

struct AccessLogSettings {
  enum class Mode : uint8_t { kOff, kErrors, kAll, kSample };
  Mode mode = Mode::kErrors;
  uint32_t sample = 100;  // one of so many
  std::string file = "-";
  bool operator==(const AccessLogSettings&) const = default;
};

struct TracingSettings {
  std::optional<Address> collector;  // absent: nothing is traced
  std::string authority;             // of its URL
  std::string path;
  double ratio = 0.01;  // of traces that begin here
  std::string service;  // empty: the node
  bool operator==(const TracingSettings&) const = default;
};

struct LogSettings {
  std::string filter = "info";
  bool json = true;
  std::string file = "-";
};

struct Settings {
  std::string node;
  std::optional<TrustDomain> trust_domain;  // set once parsed
  std::string ns = "default";
  std::string zone;  // of this sidecar; empty: not said
  std::string state_dir;
  uint32_t workers = 0;                // 0: from the CPU quota
  std::optional<size_t> memory_limit;  // bytes; absent: the container's
  IdentitySettings identity;
  std::vector<FederatedFile> federated;  // trust.federated, of identity files
  ControlSettings control;
  ConfigSettings config;
  DnsSettings dns;  // whom names of backend sets are asked of
  std::vector<ListenerSettings> listeners;
  WorkloadApiSettings workload_api;
  std::optional<Address> admin;
  std::optional<Address> admin_socket;
  std::optional<Address> health;
  ApplicationProbeMap application_probes;  // what the health address asks the application
  std::optional<Address> stats;
  AccessLogSettings access_log;
  TracingSettings tracing;
  bool facts = true;  // some requests are remembered (lib/api/request_fact.h)
  LogSettings log;
  Duration drain = 25s;
  Duration drain_accept = 5s;  // T12: after SIGTERM listeners go on accepting for so long
};
}  // namespace heddle
