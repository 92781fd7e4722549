#include "proxy/app/bootstrap_intercept.h"

#include "lib/base/strings.h"
#include "lib/inject/pod_options.h"

namespace heddle {
namespace {
constexpr EnumName<bool> kExternal[] = {{"allow", true}, {"deny", false}};
constexpr EnumName<bool> kApplicationAddress[] = {{"original", false}, {"localhost", true}};
constexpr EnumName<InboundTls> kTls[] = {
    {"strict", InboundTls::kStrict}, {"permissive", InboundTls::kPermissive}, {"off", InboundTls::kOff}};
constexpr EnumName<UpstreamProtocol> kForward[] = {{"http1", UpstreamProtocol::kHttp1},
                                                   {"http2", UpstreamProtocol::kHttp2}};
constexpr EnumName<ForwardClientCert> kClientCert[] = {{"off", ForwardClientCert::kOff},
                                                       {"set", ForwardClientCert::kSet}};
constexpr EnumName<TrustForwarded> kTrust[] = {
    {"mesh", TrustForwarded::kMesh}, {"none", TrustForwarded::kNone}, {"all", TrustForwarded::kAll}};

constexpr size_t kMaxOpaqueText = 2048;

// "5432,8000-8010"
void read_opaque_ports(JsonObject& at, ListenerSettings& out) {
  std::optional<std::string> text = at.optional_string("opaquePorts", {1, kMaxOpaqueText});
  if (!text) return;
  if (!is_port_list(*text))
    return at.problem("opaquePorts", "expected ports and ranges with commas, like 80,8000-8010");
  for (std::string_view part : split(*text, ',')) {
    size_t dash = part.find('-');
    uint16_t first = parse_int<uint16_t>(trim(part.substr(0, dash))).value_or(0);
    uint16_t last = dash == part.npos ? first : parse_int<uint16_t>(trim(part.substr(dash + 1))).value_or(first);
    out.opaque_ports.emplace_back(first, last);
  }
}

void read_inbound(JsonObject& at, ListenerSettings& out) {
  out.tls = at.optional_one_of("tls", kTls).value_or(InboundTls::kStrict);
  out.forward_protocol = at.optional_one_of("forwardProtocol", kForward).value_or(UpstreamProtocol::kHttp1);
  out.forward_client_cert = at.optional_one_of("forwardClientCert", kClientCert).value_or(ForwardClientCert::kSet);
  out.trust_forwarded = at.optional_one_of("trustForwarded", kTrust).value_or(TrustForwarded::kMesh);
  out.application_localhost = at.optional_one_of("applicationAddress", kApplicationAddress).value_or(false);
  at.refuse("external", "is of outbound listeners");
}

void read_outbound(JsonObject& at, ListenerSettings& out) {
  out.external_allowed = at.optional_one_of("external", kExternal).value_or(true);
  at.refuse("applicationAddress", "is of inbound listeners");
}
}  // namespace

void read_intercepted(JsonObject& at, ListenerSettings& out) {
  out.intercept = true;
  for (std::string_view field : {"forward", "service", "port"}) {
    at.refuse(field, "not with intercept: each connection has its own destination");
  }
  at.refuse("forwardProxyProtocol", "not with intercept: the application is called at many ports");
  if (out.proxy_protocol) at.problem("proxyProtocol", "not with intercept: no balancer is in front");
  if (out.protocol != PortProtocol::kAuto) {
    at.problem("protocol", "not with intercept: it is that of the service's port, or found out");
  }
  read_opaque_ports(at, out);
  if (out.direction == ListenerSettings::Direction::kInbound) return read_inbound(at, out);
  read_outbound(at, out);
}
}  // namespace heddle
