#include "proxy/app/bootstrap.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "lib/base/file.h"
#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/config/yaml.h"
#include "proxy/app/bootstrap_checks.h"
#include "proxy/app/bootstrap_dns.h"
#include "proxy/app/bootstrap_intercept.h"
#include "proxy/app/bootstrap_probes.h"
#include "proxy/app/bootstrap_tracing.h"
#include "proxy/app/bootstrap_trust.h"
#include "proxy/app/bootstrap_workload.h"

namespace heddle {
namespace {
constexpr EnumName<IdentitySettings::Source> kIdentitySources[] = {{"none", IdentitySettings::Source::kNone},
                                                                   {"files", IdentitySettings::Source::kFiles},
                                                                   {"control", IdentitySettings::Source::kControl},
                                                                   {"spire", IdentitySettings::Source::kSpire}};
constexpr EnumName<TokenKind> kTokenKinds[] = {{"join", TokenKind::kJoin}, {"kubernetes", TokenKind::kKubernetes}};
constexpr EnumName<ConfigSettings::Source> kConfigSources[] = {{"files", ConfigSettings::Source::kFiles},
                                                               {"control", ConfigSettings::Source::kControl}};
constexpr EnumName<ListenerSettings::Direction> kDirections[] = {{"outbound", ListenerSettings::Direction::kOutbound},
                                                                 {"inbound", ListenerSettings::Direction::kInbound}};
constexpr EnumName<PortProtocol> kProtocols[] = {{"auto", PortProtocol::kAuto},
                                                 {"http", PortProtocol::kHttp},
                                                 {"http2", PortProtocol::kHttp2},
                                                 {"grpc", PortProtocol::kGrpc},
                                                 {"tcp", PortProtocol::kTcp}};
constexpr EnumName<UpstreamProtocol> kForwardProtocols[] = {
    {"http1", UpstreamProtocol::kHttp1}, {"http2", UpstreamProtocol::kHttp2}, {"tcp", UpstreamProtocol::kTcp}};
constexpr EnumName<InboundTls> kTlsModes[] = {
    {"strict", InboundTls::kStrict}, {"permissive", InboundTls::kPermissive}, {"off", InboundTls::kOff}};
constexpr EnumName<ForwardClientCert> kClientCertModes[] = {{"off", ForwardClientCert::kOff},
                                                            {"set", ForwardClientCert::kSet}};
constexpr EnumName<TrustForwarded> kTrustForwarded[] = {
    {"none", TrustForwarded::kNone}, {"mesh", TrustForwarded::kMesh}, {"all", TrustForwarded::kAll}};
constexpr EnumName<bool> kProxyProtocol[] = {{"off", false}, {"required", true}};
constexpr EnumName<ProxyVersion> kProxyVersions[] = {{"v1", ProxyVersion::kV1}, {"v2", ProxyVersion::kV2}};
constexpr EnumName<AccessLogSettings::Mode> kLogModes[] = {{"off", AccessLogSettings::Mode::kOff},
                                                           {"errors", AccessLogSettings::Mode::kErrors},
                                                           {"all", AccessLogSettings::Mode::kAll},
                                                           {"sample", AccessLogSettings::Mode::kSample}};

std::optional<Address> read_address(JsonObject& at, std::string_view field) {
  auto text = at.optional_string(field);
  if (!text) return std::nullopt;
  auto address = Address::parse(*text);
  if (address) return *address;
  at.problem(field, address.error().detail);
  return std::nullopt;
}

// Of a workload: X509-SVID §3.1, a leaf's id has a path.
std::optional<SpiffeId> read_id(JsonObject& at, std::string_view field) {
  auto text = at.optional_string(field);
  if (!text) return std::nullopt;
  auto id = SpiffeId::parse(*text);
  if (id && !id->path().empty()) return *id;
  at.problem(field, id ? "has no path: that is the id of a trust domain, and of no workload" : id.error().detail);
  return std::nullopt;
}

std::optional<Address> read_section_address(JsonObject& root, std::string_view section) {
  auto at = root.optional_object(section);
  if (!at) return std::nullopt;
  auto address = read_address(*at, "address");
  if (!address && !at->has("address")) at->problem("address", "is required");
  at->finish();
  return address;
}

// How to attest. A pod's sidecar is who its service account is, which no default knows.
void read_token(JsonObject& at, IdentitySettings& out) {
  out.token_kind = at.optional_one_of("tokenKind", kTokenKinds).value_or(TokenKind::kJoin);
  if (out.token_kind == TokenKind::kJoin) {
    out.token_file = at.optional_string("joinTokenFile").value_or("");
    return;
  }
  out.token_file = at.string("tokenFile", {1});
  if (!at.has("id"))
    at.problem("id", "is required with tokenKind kubernetes: spiffe://.../ns/<namespace>/sa/<account>");
}

void read_identity(JsonObject& root, IdentitySettings& out) {
  auto at = root.optional_object("identity");
  if (!at) return;
  out.source = at->optional_one_of("source", kIdentitySources).value_or(IdentitySettings::Source::kNone);
  if (!at->has("source")) at->problem("source", "is required: control, files, spire or none");
  if (out.source == IdentitySettings::Source::kFiles) {
    out.certificate = at->string("certificate", {1});
    out.key = at->string("key", {1});
    out.bundle = at->string("bundle", {1});
  }
  if (out.source == IdentitySettings::Source::kControl) {
    out.id = read_id(*at, "id");
    read_token(*at, out);
    out.persist = at->optional_boolean("persist").value_or(true);
  }
  if (out.source == IdentitySettings::Source::kSpire) {
    out.id = read_id(*at, "id");
    read_spire(*at, out);
  }
  at->finish();
}

void read_control(JsonObject& root, Settings& out) {
  auto at = root.optional_object("control");
  if (!at) return;
  for (const JsonReader& item : at->array("addresses", {1, 16})) {
    auto text = item.string();
    if (!text) continue;
    auto address = HostAddress::parse(*text);
    if (address) {
      out.control.addresses.push_back(*address);
    } else {
      item.problem(address.error().detail);
    }
  }
  out.control.bundle = at->string("bundle", {1});
  out.control.id = read_id(*at, "id");
  at->finish();
}

void read_config(JsonObject& root, ConfigSettings& out) {
  auto at = root.optional_object("config");
  if (!at) return;
  auto source = at->optional_one_of("source", kConfigSources);
  if (!at->has("source")) at->problem("source", "is required: control or files");
  out.source = source.value_or(ConfigSettings::Source::kNone);
  if (out.source == ConfigSettings::Source::kFiles) out.path = at->string("path", {1});
  at->finish();
}

void read_inbound(JsonObject& at, ListenerSettings& out) {
  out.tls = at.optional_one_of("tls", kTlsModes).value_or(InboundTls::kStrict);
  out.forward = read_address(at, "forward");
  if (!at.has("forward")) at.problem("forward", "is required: the address of the local application");
  auto usual = out.protocol == PortProtocol::kTcp                                            ? UpstreamProtocol::kTcp
               : out.protocol == PortProtocol::kGrpc || out.protocol == PortProtocol::kHttp2 ? UpstreamProtocol::kHttp2
                                                                                             : UpstreamProtocol::kHttp1;
  out.forward_protocol = at.optional_one_of("forwardProtocol", kForwardProtocols).value_or(usual);
  out.forward_client_cert = at.optional_one_of("forwardClientCert", kClientCertModes).value_or(ForwardClientCert::kSet);
  out.trust_forwarded = at.optional_one_of("trustForwarded", kTrustForwarded).value_or(TrustForwarded::kMesh);
  out.forward_proxy_protocol = at.optional_one_of("forwardProxyProtocol", kProxyVersions);
  if (out.forward_proxy_protocol && out.protocol != PortProtocol::kTcp) {
    at.problem(
        "forwardProxyProtocol",
        "needs protocol: tcp: a connection to the application that carries requests carries those of many callers");
  }
}

void read_outbound(JsonObject& at, ListenerSettings& out) {
  out.service = at.optional_string("service").value_or("");
  out.port = static_cast<uint16_t>(at.optional_integer("port", {1, 65535}).value_or(0));
  if (out.service.empty() && out.protocol == PortProtocol::kTcp) {
    at.problem("service", "is required for protocol tcp: without a Host there is nothing to route by");
  }
}

ListenerSettings read_listener(const JsonReader& item) {
  JsonObject at = item.object();
  ListenerSettings out;
  out.name = at.string("name", {1, 63});
  auto direction = at.optional_one_of("direction", kDirections);
  if (!at.has("direction")) at.problem("direction", "is required: inbound or outbound");
  out.direction = direction.value_or(ListenerSettings::Direction::kOutbound);
  if (auto address = read_address(at, "address")) out.address = *address;
  if (!at.has("address")) at.problem("address", "is required");
  out.protocol = at.optional_one_of("protocol", kProtocols).value_or(PortProtocol::kAuto);
  out.proxy_protocol = at.optional_one_of("proxyProtocol", kProxyProtocol).value_or(false);
  if (at.optional_boolean("intercept").value_or(false)) {
    read_intercepted(at, out);
  } else if (out.direction == ListenerSettings::Direction::kInbound) {
    read_inbound(at, out);
  } else {
    read_outbound(at, out);
  }
  at.finish();
  return out;
}

void read_listeners(JsonObject& root, Settings& out) {
  std::set<std::string> names;
  for (const JsonReader& item : root.optional_array("listeners", {0, 1000})) {
    out.listeners.push_back(read_listener(item));
    const ListenerSettings& listener = out.listeners.back();
    if (!names.insert(listener.name).second) item.problem("the name \"" + listener.name + "\" stands twice");
  }
}

void read_drain(JsonObject& root, Settings& out) {
  auto at = root.optional_object("drain");
  if (!at) return;
  out.drain = at->optional_duration("deadline", {1s, 1h}).value_or(25s);
  out.drain_accept =
      at->optional_duration("accept", {Duration{}, 1min}).value_or(std::min<Duration>(5s, out.drain / 5));
  if (out.drain_accept >= out.drain) at->problem("accept", "must be shorter than drain.deadline");
  at->finish();
}

void read_operations(JsonObject& root, Settings& out) {
  if (auto at = root.optional_object("admin")) {
    out.admin = read_address(*at, "address");
    if (auto path = at->optional_string("socket")) {
      auto address = Address::from_unix(*path);
      if (address) {
        out.admin_socket = *address;
      } else {
        at->problem("socket", address.error().detail);
      }
    }
    if (out.admin && !out.admin->is_loopback()) at->problem("address", "the admin address must be loopback");
    at->finish();
  }
  out.health = read_section_address(root, "health");
  read_application_probes(root, out.application_probes);
  if (!out.application_probes.empty() && !out.health) root.problem("applicationProbes", "needs health.address");
  out.stats = read_section_address(root, "stats");
  if (auto at = root.optional_object("accessLog")) {
    out.access_log.mode = at->optional_one_of("mode", kLogModes).value_or(AccessLogSettings::Mode::kErrors);
    out.access_log.sample = static_cast<uint32_t>(at->optional_integer("sample", {1, 1'000'000}).value_or(100));
    out.access_log.file = at->optional_string("file").value_or("-");
    at->finish();
  }
  if (auto at = root.optional_object("log")) {
    static constexpr EnumName<bool> kFormats[] = {{"json", true}, {"text", false}};
    out.log.filter = at->optional_string("level").value_or("info");
    if (auto filter = LogFilter::parse(out.log.filter); !filter) at->problem("level", filter.error().detail);
    out.log.json = at->optional_one_of("format", kFormats).value_or(true);
    out.log.file = at->optional_string("file").value_or("-");
    at->finish();
  }
  read_drain(root, out);
}

void read_root(JsonObject& root, Settings& out) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  out.node = root.optional_string("node", {1, 253}).value_or(host);
  auto domain = TrustDomain::parse(root.optional_string("trustDomain").value_or("cluster.local"));
  if (domain) {
    out.trust_domain = *domain;
  } else {
    root.problem("trustDomain", domain.error().detail);
  }
  out.ns = root.optional_string("namespace", {1, 63}).value_or("default");
  out.zone = root.optional_string("zone", {1, 63}).value_or("");
  out.state_dir = root.optional_string("stateDir").value_or("");
  out.workers = static_cast<uint32_t>(root.optional_integer("workers", {1, 64}).value_or(0));
  auto mebibytes = root.optional_integer("memoryLimitMiB", {16, 1 << 20});
  if (mebibytes) out.memory_limit = static_cast<size_t>(*mebibytes) << 20;
  read_identity(root, out.identity);
  read_control(root, out);
  read_config(root, out.config);
  read_dns(root, out.dns);
  read_listeners(root, out);
  read_workload_api(root, out);
  read_trust(root, out);
  read_operations(root, out);
  read_tracing(root, out.tracing);
  static constexpr EnumName<bool> kSwitch[] = {{"on", true}, {"off", false}};
  out.facts = root.optional_one_of("facts", kSwitch).value_or(true);
  check_together(root, out);
  root.finish();
}
}  // namespace

Result<Settings> parse_bootstrap(std::string_view text, const std::string& filename) {
  auto documents = parse_documents(text, filename);
  if (!documents) return std::move(documents).error().within(filename);
  if (documents->size() != 1) return make_error(Reason::kConfigInvalid, filename + ": expected exactly one document");
  Problems problems;
  JsonObject root = JsonReader(documents->front().value, "", problems).object();
  Settings out;
  read_root(root, out);
  if (!problems.empty()) return problems.to_error().within(filename);
  return out;
}

std::vector<std::string> keys_that_need_restart(const Settings& running, const Settings& wanted) {
  std::vector<std::string> out;
  auto compare = [&](std::string_view key, bool same) {
    if (!same) out.emplace_back(key);
  };
  compare("node", running.node == wanted.node);
  compare("trustDomain", running.trust_domain == wanted.trust_domain);
  compare("namespace", running.ns == wanted.ns);
  compare("zone", running.zone == wanted.zone);
  compare("stateDir", running.state_dir == wanted.state_dir);
  compare("workers", running.workers == wanted.workers);
  compare("memoryLimitMiB", running.memory_limit == wanted.memory_limit);
  compare("identity", running.identity == wanted.identity);
  compare("trust", running.federated == wanted.federated);
  compare("control", running.control == wanted.control);
  compare("config", running.config == wanted.config);
  compare("dns", running.dns == wanted.dns);
  compare("listeners", running.listeners == wanted.listeners);
  compare("workloadApi", running.workload_api == wanted.workload_api);
  compare("admin", running.admin == wanted.admin && running.admin_socket == wanted.admin_socket);
  compare("health", running.health == wanted.health);
  compare("applicationProbes", running.application_probes == wanted.application_probes);
  compare("stats", running.stats == wanted.stats);
  compare("accessLog.file", running.access_log.file == wanted.access_log.file);
  compare("tracing", running.tracing == wanted.tracing);
  compare("facts", running.facts == wanted.facts);
  compare("log", running.log.json == wanted.log.json && running.log.file == wanted.log.file);
  return out;
}

bool same_reloadable_keys(const Settings& running, const Settings& wanted) {
  return running.log.filter == wanted.log.filter && running.access_log == wanted.access_log &&
         running.drain == wanted.drain && running.drain_accept == wanted.drain_accept;
}

Result<Settings> load_bootstrap(const std::string& path) {
  HEDDLE_TRY(std::string text, read_file(path, 1 << 20));
  return parse_bootstrap(text, path);
}
}  // namespace heddle
