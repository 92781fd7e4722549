// What is spoken at a port of a Service: by our annotations, its appProtocol, its name, its number, in this order. What
// none of them says is found out by the sidecar (auto). Pure.
#pragma once
#include <map>
#include <optional>

#include "control/cluster/cluster_objects.h"

namespace heddle {
// appProtocol: IANA names and Kubernetes' own. An unknown one says nothing; one that is TLS or another protocol that we
// only carry is tcp.
std::optional<PortProtocol> protocol_of_app_protocol(std::string_view) noexcept;
// "http", "grpc-web", "redis-cache": the part before the first '-'.
std::optional<PortProtocol> protocol_of_port_name(std::string_view) noexcept;
// Where the server speaks first, or the bytes are nothing we look into: SMTP, MySQL, PostgreSQL, Redis, ...
bool is_opaque_port(uint16_t) noexcept;

// heddle.dev/protocol: "http", or "80=http,9000=grpc"; heddle.dev/opaque-ports: "5432,6379". Wrong words are problems.
struct PortHints {
  std::optional<PortProtocol> all;
  std::map<uint16_t, PortProtocol> by_port;
};
PortHints read_port_hints(const JsonValue& service, std::string_view object, ClusterProblems&);

struct PortWords {
  std::string_view name;
  std::string_view app_protocol;
  uint16_t port = 0;
};
PortProtocol protocol_of(const PortWords&, const PortHints&);
}  // namespace heddle
