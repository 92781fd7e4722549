#include "proxy/app/pod_bootstrap.h"

#include <algorithm>
#include <vector>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/inject/probes.h"
#include "lib/inject/sidecar_parts.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
constexpr std::string_view kPrefix = "HEDDLE_";
constexpr std::string_view kWhere = "the pod's environment";
constexpr std::string_view kExternal = "allow";
constexpr int64_t kMaxWorkers = 4;
constexpr size_t kMaxNode = 253;

class PodReader {
 public:
  explicit PodReader(const PodEnvironment& environment) : environment_(environment) {}
  std::string optional(std::string_view name, std::string_view usual = {}) const {
    auto found = environment_.find(name);
    return found == environment_.end() || found->second.empty() ? std::string(usual) : found->second;
  }
  std::string required(std::string_view name) {
    std::string value = optional(name);
    if (value.empty()) problem(name, "is required in a pod");
    return value;
  }
  std::vector<std::string> list(std::string_view name, std::string value) const {
    std::vector<std::string> out;
    if (value.empty()) value = optional(name);
    for (std::string_view part : split(value, ',')) {
      if (!trim(part).empty()) out.emplace_back(trim(part));
    }
    return out;
  }
  std::string one_of(std::string_view name, std::string_view usual, std::initializer_list<std::string_view> known) {
    std::string value = optional(name, usual);
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      problem(name, str_cat(in_quotes(value), ": expected ", *known.begin(), " or ", *(known.begin() + 1)));
    }
    return value;
  }
  void problem(std::string_view name, std::string_view what) {
    problems_.append(problems_.empty() ? "" : "\n").append(str_cat(name, ": ", what));
  }
  const std::string& problems() const noexcept { return problems_; }

 private:
  const PodEnvironment& environment_;
  std::string problems_;
};

// What the environment says, checked.
struct PodFacts {
  std::string node, ns, id, trust_domain, token, root, folder, tls, log_level, drain;
  std::vector<std::string> control;
  std::vector<Address> ips;
  std::vector<std::string> ports;  // of the application
  std::string opaque, probes;
  bool is_explicit = false;
  int64_t workers = 0;  // 0: by the quota
};

void read_identity(PodReader& in, PodFacts& out) {
  std::string name = in.required("HEDDLE_POD_NAME");
  out.ns = in.required("HEDDLE_POD_NAMESPACE");
  std::string uid = in.required("HEDDLE_POD_UID");
  std::string account = in.required("HEDDLE_SERVICE_ACCOUNT");
  out.trust_domain = in.optional("HEDDLE_TRUST_DOMAIN", "cluster.local");
  out.node = str_cat(name, ".", out.ns);
  if (out.node.size() > kMaxNode) out.node = uid;
  Result<TrustDomain> domain = TrustDomain::parse(out.trust_domain);
  if (!domain) return in.problem("HEDDLE_TRUST_DOMAIN", domain.error().detail);
  if (out.ns.empty() || account.empty()) return;
  Result<SpiffeId> id = SpiffeId::for_workload(*domain, out.ns, account);
  if (!id) return in.problem("HEDDLE_SERVICE_ACCOUNT", id.error().detail);
  out.id = id->text();
}

void read_control(PodReader& in, PodFacts& out) {
  out.control = in.list("HEDDLE_CONTROL_ADDRESSES", in.required("HEDDLE_CONTROL_ADDRESSES"));
  for (const std::string& one : out.control) {
    Result<HostAddress> address = HostAddress::parse(one);
    if (!address) in.problem("HEDDLE_CONTROL_ADDRESSES", address.error().detail);
  }
  out.token = in.optional("HEDDLE_TOKEN_FILE", "/var/run/secrets/heddle/token/token");
  out.root = in.optional("HEDDLE_ROOT_FILE", "/etc/heddle/root.pem");
  out.folder = in.optional("HEDDLE_RUN_DIR", "/var/run/heddle");
}

void read_pod_network(PodReader& in, PodFacts& out) {
  for (const std::string& one : in.list("HEDDLE_POD_IPS", in.required("HEDDLE_POD_IPS"))) {
    Result<Address> ip = Address::from_ip(one, 0);
    if (ip) {
      out.ips.push_back(*std::move(ip));
    } else {
      in.problem("HEDDLE_POD_IPS", ip.error().detail);
    }
  }
  out.is_explicit = in.one_of("HEDDLE_MODE", "intercept", {"intercept", "explicit"}) == "explicit";
  out.tls = in.one_of("HEDDLE_INBOUND_TLS", "permissive", {"strict", "permissive"});
  std::string ports = in.optional("HEDDLE_INBOUND_PORTS");
  if (!ports.empty() && !is_port_list(ports)) in.problem("HEDDLE_INBOUND_PORTS", "expected ports, like 8080,9090");
  out.ports = in.list("HEDDLE_INBOUND_PORTS", std::move(ports));
  if (out.is_explicit && out.ports.size() > 1) {
    in.problem("HEDDLE_INBOUND_PORTS", "in explicit mode one port has a sidecar; more need mode intercept");
  }
}

void read_application(PodReader& in, PodFacts& out) {
  out.opaque = in.optional("HEDDLE_OPAQUE_PORTS");
  if (!out.opaque.empty() && !is_port_list(out.opaque))
    in.problem("HEDDLE_OPAQUE_PORTS", "expected ports, like 5432,6379");
  std::string probes = in.optional("HEDDLE_APP_PROBES");
  if (probes.empty()) return;
  Result<JsonValue> parsed = JsonValue::parse(probes);
  if (!parsed || !parsed->is_object()) return in.problem("HEDDLE_APP_PROBES", "expected a JSON object of probes");
  out.probes = parsed->compact();
}

void read_behaviour(PodReader& in, PodFacts& out) {
  out.log_level = in.optional("HEDDLE_LOG_LEVEL", "info");
  if (Result<LogFilter> level = LogFilter::parse(out.log_level); !level) {
    in.problem("HEDDLE_LOG_LEVEL", level.error().detail);
  }
  out.drain = in.optional("HEDDLE_DRAIN_DEADLINE", "25s");
  Result<Duration> drain = parse_duration(out.drain);
  if (!drain || *drain < 1s || *drain > 1h) in.problem("HEDDLE_DRAIN_DEADLINE", "expected a duration from 1s to 1h");
  std::string limit = in.optional("HEDDLE_CPU_LIMIT");
  if (limit.empty()) return;
  std::optional<int64_t> thousandths = parse_int<int64_t>(limit);
  if (!thousandths || *thousandths < 1) return in.problem("HEDDLE_CPU_LIMIT", "expected thousandths of a CPU");
  out.workers = std::min((*thousandths - 1) / 1000 + 1, kMaxWorkers);
}

std::string at(std::string_view ip, uint16_t port) { return str_cat(ip, ":", std::to_string(port)); }

void begin_listener(JsonWriter& out, std::string_view name, std::string_view direction, const std::string& address) {
  out.begin_object().field("name", name).field("direction", direction).field("address", address);
}

void end_intercepted(JsonWriter& out, const PodFacts& facts) {
  if (!facts.opaque.empty()) out.field("opaquePorts", facts.opaque);
  out.end_object();
}

// A listener for each family that the pod has.
void write_intercepted(JsonWriter& out, const PodFacts& facts, bool is_v6) {
  begin_listener(out, is_v6 ? "out6" : "out4", "outbound", at(is_v6 ? "[::1]" : "127.0.0.1", kOutboundPort));
  out.field("intercept", true).field("external", kExternal);
  end_intercepted(out, facts);
  begin_listener(out, is_v6 ? "in6" : "in4", "inbound", at(is_v6 ? "[::]" : "0.0.0.0", kInboundPort));
  out.field("intercept", true).field("tls", facts.tls);
  end_intercepted(out, facts);
}

void write_explicit(JsonWriter& out, const PodFacts& facts) {
  begin_listener(out, "out", "outbound", at("127.0.0.1", kOutboundPort));
  out.end_object();
  if (facts.ports.empty()) return;
  begin_listener(out, "in", "inbound", facts.ips.front().with_port(kInboundPort).text());
  out.field("tls", facts.tls).field("forward", str_cat("127.0.0.1:", facts.ports.front())).end_object();
}

bool has(const PodFacts& facts, Address::Family family) {
  return std::any_of(facts.ips.begin(), facts.ips.end(), [family](const Address& ip) { return ip.family() == family; });
}

void write_listeners(JsonWriter& out, const PodFacts& facts) {
  out.key("listeners").begin_array();
  if (facts.is_explicit) {
    write_explicit(out, facts);
  } else {
    if (has(facts, Address::Family::kIpv4)) write_intercepted(out, facts, false);
    if (has(facts, Address::Family::kIpv6)) write_intercepted(out, facts, true);
  }
  out.end_array();
}

void write_sources(JsonWriter& out, const PodFacts& facts) {
  out.key("identity").begin_object().field("source", "control").field("id", facts.id);
  out.field("tokenKind", "kubernetes").field("tokenFile", facts.token).end_object();
  out.key("control").begin_object().key("addresses").begin_array();
  for (const std::string& one : facts.control) out.string(one);
  out.end_array().field("bundle", facts.root).end_object();
  out.key("config").begin_object().field("source", "control").end_object();
}

std::string bootstrap_of(const PodFacts& facts) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("node", facts.node).field("trustDomain", facts.trust_domain).field("namespace", facts.ns);
  out.field("stateDir", str_cat(facts.folder, "/state"));
  if (facts.workers > 0) out.field("workers", facts.workers);
  write_sources(out, facts);
  write_listeners(out, facts);
  out.key("admin").begin_object().field("socket", str_cat(facts.folder, "/admin.sock")).end_object();
  bool is_v4 = has(facts, Address::Family::kIpv4);
  out.key("health").begin_object().field("address", at(is_v4 ? "0.0.0.0" : "[::]", kHealthPort)).end_object();
  if (!facts.probes.empty()) out.key("applicationProbes").raw(facts.probes);
  out.key("log").begin_object().field("level", facts.log_level).end_object();
  out.key("drain").begin_object().field("deadline", facts.drain).end_object();
  out.end_object();
  return text;
}
}  // namespace

PodEnvironment pod_environment(const char* const* environment) {
  PodEnvironment out;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    std::string_view entry = *environment;
    size_t equals = entry.find('=');
    if (equals == entry.npos || !entry.starts_with(kPrefix)) continue;
    out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

bool is_in_pod(const PodEnvironment& environment) { return environment.find("HEDDLE_POD_NAME") != environment.end(); }

Result<std::string> pod_bootstrap(const PodEnvironment& environment) {
  PodReader in(environment);
  PodFacts facts;
  read_identity(in, facts);
  read_control(in, facts);
  read_pod_network(in, facts);
  read_application(in, facts);
  read_behaviour(in, facts);
  if (!in.problems().empty()) return make_error(Reason::kConfigInvalid, str_cat(kWhere, ":\n", in.problems()));
  return bootstrap_of(facts);
}

Result<Settings> load_pod_bootstrap(const PodEnvironment& environment) {
  HEDDLE_TRY(std::string text, pod_bootstrap(environment));
  return parse_bootstrap(text, std::string(kWhere));
}
}  // namespace heddle
