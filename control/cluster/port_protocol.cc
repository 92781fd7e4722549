#include "control/cluster/port_protocol.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
struct Word {
  std::string_view text;
  PortProtocol protocol;
};
// Whoever names a protocol that we do not speak wants its bytes carried.
constexpr Word kAppProtocols[] = {{"http", PortProtocol::kHttp},
                                  {"kubernetes.io/ws", PortProtocol::kHttp},
                                  {"http2", PortProtocol::kHttp2},
                                  {"kubernetes.io/h2c", PortProtocol::kHttp2},
                                  {"h2c", PortProtocol::kHttp2},
                                  {"grpc", PortProtocol::kGrpc},
                                  {"grpc-web", PortProtocol::kHttp},
                                  {"tcp", PortProtocol::kTcp},
                                  {"https", PortProtocol::kTcp},
                                  {"tls", PortProtocol::kTcp},
                                  {"kubernetes.io/wss", PortProtocol::kTcp}};
constexpr std::string_view kOpaqueNames[] = {"amqp", "amqps",    "ftp",        "imap",    "imaps", "kafka",
                                             "ldap", "ldaps",    "mongo",      "mongodb", "mysql", "nats",
                                             "pop3", "postgres", "postgresql", "redis",   "smtp",  "ssh"};
constexpr Word kOwnWords[] = {{"auto", PortProtocol::kAuto},
                              {"http", PortProtocol::kHttp},
                              {"http2", PortProtocol::kHttp2},
                              {"grpc", PortProtocol::kGrpc},
                              {"tcp", PortProtocol::kTcp}};
constexpr uint16_t kOpaquePorts[] = {25, 587, 3306, 4444, 5432, 6379, 9300, 11211, 27017};

template <size_t N>
std::optional<PortProtocol> look_up(const Word (&words)[N], std::string_view text) {
  for (const Word& word : words) {
    if (word.text == text) return word.protocol;
  }
  return std::nullopt;
}

void read_one(std::string_view part, std::string_view object, PortHints& out, ClusterProblems& problems) {
  constexpr std::string_view kField = "metadata.annotations[heddle.dev/protocol]";
  size_t equals = part.find('=');
  std::optional<PortProtocol> protocol = look_up(kOwnWords, trim(equals == part.npos ? part : part.substr(equals + 1)));
  std::optional<uint16_t> port = equals == part.npos ? 0 : parse_int<uint16_t>(trim(part.substr(0, equals)));
  if (!protocol || !port || (equals != part.npos && *port == 0)) {
    problems.push_back({std::string(object), std::string(kField),
                        str_cat(in_quotes(part), ": expected auto, http, http2, grpc or tcp, or PORT=one of them")});
  } else if (equals == part.npos) {
    out.all = *protocol;
  } else {
    out.by_port[*port] = *protocol;
  }
}
}  // namespace

std::optional<PortProtocol> protocol_of_app_protocol(std::string_view word) noexcept {
  if (auto known = look_up(kAppProtocols, word)) return known;
  bool opaque = std::find(std::begin(kOpaqueNames), std::end(kOpaqueNames), word) != std::end(kOpaqueNames);
  return opaque ? std::optional(PortProtocol::kTcp) : std::nullopt;
}

std::optional<PortProtocol> protocol_of_port_name(std::string_view name) noexcept {
  if (name == "grpc-web" || name.starts_with("grpc-web-")) return PortProtocol::kHttp;
  return protocol_of_app_protocol(name.substr(0, name.find('-')));
}

bool is_opaque_port(uint16_t port) noexcept {
  return std::find(std::begin(kOpaquePorts), std::end(kOpaquePorts), port) != std::end(kOpaquePorts);
}

PortHints read_port_hints(const JsonValue& service, std::string_view object, ClusterProblems& problems) {
  PortHints out;
  if (auto said = annotation(service, "protocol")) {
    for (std::string_view part : split(*said, ',')) read_one(trim(part), object, out, problems);
  }
  if (auto said = annotation(service, "opaque-ports")) {
    for (std::string_view part : split(*said, ',')) {
      std::optional<uint16_t> port = parse_int<uint16_t>(trim(part));
      if (port && *port != 0) {
        out.by_port[*port] = PortProtocol::kTcp;
      } else {
        problems.push_back({std::string(object), "metadata.annotations[heddle.dev/opaque-ports]",
                            str_cat(in_quotes(part), ": expected port numbers with commas")});
      }
    }
  }
  return out;
}

PortProtocol protocol_of(const PortWords& port, const PortHints& hints) {
  if (auto own = hints.by_port.find(port.port); own != hints.by_port.end()) return own->second;
  if (hints.all) return *hints.all;
  if (auto said = protocol_of_app_protocol(port.app_protocol)) return *said;
  if (!port.app_protocol.empty()) return PortProtocol::kAuto;
  if (auto named = protocol_of_port_name(port.name)) return *named;
  return is_opaque_port(port.port) ? PortProtocol::kTcp : PortProtocol::kAuto;
}
}  // namespace heddle
