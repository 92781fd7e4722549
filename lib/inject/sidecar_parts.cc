#include "lib/inject/sidecar_parts.h"

#include <algorithm>

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/inject/probes.h"

namespace heddle {
namespace {
constexpr std::string_view kIdentityVolume = "heddle-identity";
constexpr std::string_view kTokenVolume = "heddle-token";
constexpr std::string_view kRootVolume = "heddle-root";

JsonValue parsed(const std::string& text) { return JsonValue::parse(text).value_or(JsonValue()); }

void write_security(JsonWriter& out, bool may_redirect) {
  out.key("securityContext").begin_object();
  out.field("allowPrivilegeEscalation", false).field("privileged", false).field("readOnlyRootFilesystem", true);
  out.field("runAsNonRoot", true).field("runAsUser", may_redirect ? 65534U : kProxyUid);
  out.key("capabilities").begin_object();
  if (may_redirect) out.key("add").begin_array().string("NET_ADMIN").string("NET_RAW").end_array();
  out.key("drop").begin_array().string("ALL").end_array().end_object();
  out.key("seccompProfile").begin_object().field("type", "RuntimeDefault").end_object().end_object();
}

void write_quantities(JsonWriter& out, std::string_view key, const std::string& cpu, const std::string& memory) {
  if (cpu.empty() && memory.empty()) return;
  out.key(key).begin_object();
  if (!cpu.empty()) out.field("cpu", cpu);
  if (!memory.empty()) out.field("memory", memory);
  out.end_object();
}

void write_env(JsonWriter& out, std::string_view name, std::string_view value) {
  out.begin_object().field("name", name).field("value", value).end_object();
}

void write_env_from(JsonWriter& out, std::string_view name, std::string_view field) {
  out.begin_object().field("name", name).key("valueFrom").begin_object().key("fieldRef").begin_object();
  out.field("fieldPath", field).end_object().end_object().end_object();
}

void write_environment(JsonWriter& out, const PodSidecar& facts) {
  const PodOptions& options = facts.options;
  out.key("env").begin_array();
  write_env_from(out, "HEDDLE_POD_NAME", "metadata.name");
  write_env_from(out, "HEDDLE_POD_NAMESPACE", "metadata.namespace");
  write_env_from(out, "HEDDLE_POD_UID", "metadata.uid");
  write_env_from(out, "HEDDLE_POD_IPS", "status.podIPs");
  write_env_from(out, "HEDDLE_NODE_NAME", "spec.nodeName");
  write_env_from(out, "HEDDLE_SERVICE_ACCOUNT", "spec.serviceAccountName");
  write_env(out, "HEDDLE_TRUST_DOMAIN", facts.settings.trust_domain);
  write_env(out, "HEDDLE_CONTROL_ADDRESSES", facts.settings.control);
  write_env(out, "HEDDLE_MODE", options.mode == InjectMode::kExplicit ? "explicit" : "intercept");
  write_env(out, "HEDDLE_INBOUND_TLS", options.inbound_tls);
  write_env(out, "HEDDLE_INBOUND_PORTS", facts.inbound_ports);
  write_env(out, "HEDDLE_OPAQUE_PORTS", options.opaque_ports);
  write_env(out, "HEDDLE_LOG_LEVEL", options.log_level);
  write_env(out, "HEDDLE_DRAIN_DEADLINE", format_duration(options.drain));
  if (!options.cpu_limit.empty()) {
    out.begin_object().field("name", "HEDDLE_CPU_LIMIT").key("valueFrom").begin_object();
    out.key("resourceFieldRef").begin_object().field("resource", "limits.cpu").field("divisor", "1m");
    out.end_object().end_object().end_object();
  }
  if (facts.probes.size() > 0) write_env(out, "HEDDLE_APP_PROBES", facts.probes.compact());
  out.end_array();
}

void write_probe(JsonWriter& out, std::string_view field, std::string_view path, int64_t period, int64_t failures) {
  out.key(field).begin_object().key("httpGet").begin_object().field("path", path).field("port", kHealthPort);
  out.end_object().field("periodSeconds", period).field("failureThreshold", failures).end_object();
}

void write_mount(JsonWriter& out, std::string_view volume, std::string_view path, bool is_read_only) {
  out.begin_object().field("name", volume).field("mountPath", path);
  if (is_read_only) out.field("readOnly", true);
  out.end_object();
}

void write_port(JsonWriter& out, std::string_view name, uint16_t port) {
  out.begin_object().field("name", name).field("containerPort", port).field("protocol", "TCP").end_object();
}

void write_life(JsonWriter& out, const PodSidecar& facts) {
  write_probe(out, "startupProbe", "/readyz", 1, 120);
  write_probe(out, "readinessProbe", "/readyz", 5, 3);
  write_probe(out, "livenessProbe", "/livez", 10, 3);
  // Waits for what is acknowledged, not for a time: docs/operations.md. It has no shell.
  out.key("lifecycle").begin_object().key("preStop").begin_object().key("exec").begin_object();
  out.key("command").begin_array().string("/usr/bin/heddle-proxy").string("drain").string("--wait");
  out.string("--timeout").string(format_duration(facts.options.drain)).end_array().end_object().end_object();
  if (!facts.options.native_sidecar) {  // the containers after it start when this has returned
    out.key("postStart").begin_object().key("exec").begin_object();
    out.key("command").begin_array().string("/usr/bin/heddle-proxy").string("await").end_array();
    out.end_object().end_object();
  }
  out.end_object();
}
}  // namespace

JsonValue proxy_container(const PodSidecar& facts) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("name", kProxyName).field("image", facts.options.image);
  if (facts.options.native_sidecar) out.field("restartPolicy", "Always");
  out.field("terminationMessagePolicy", "FallbackToLogsOnError");
  out.key("ports").begin_array();
  write_port(out, "heddle-inbound", kInboundPort);
  write_port(out, "heddle-health", kHealthPort);
  out.end_array();
  write_environment(out, facts);
  write_life(out, facts);
  out.key("resources").begin_object();
  write_quantities(out, "requests", facts.options.cpu_request, facts.options.memory_request);
  write_quantities(out, "limits", facts.options.cpu_limit, facts.options.memory_limit);
  out.end_object();
  write_security(out, false);
  out.key("volumeMounts").begin_array();
  write_mount(out, kIdentityVolume, "/var/run/heddle", false);
  write_mount(out, kTokenVolume, "/var/run/secrets/heddle/token", true);
  write_mount(out, kRootVolume, "/etc/heddle", true);
  out.end_array().end_object();
  return parsed(text);
}

JsonValue init_container(const PodSidecar& facts) {
  const PodOptions& options = facts.options;
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("name", kInitName).field("image", options.image);
  out.key("command").begin_array().string("/usr/bin/heddle-init").end_array();
  out.key("args").begin_array();
  out.string(str_cat("--inbound-port=", std::to_string(kInboundPort)));
  out.string(str_cat("--outbound-port=", std::to_string(kOutboundPort)));
  out.string(str_cat("--proxy-uid=", std::to_string(kProxyUid)));
  std::string inbound = std::to_string(kHealthPort);
  if (!options.skip_inbound_ports.empty()) inbound.append(",").append(options.skip_inbound_ports);
  out.string(str_cat("--skip-inbound-ports=", inbound));
  if (!options.skip_outbound_ports.empty()) out.string(str_cat("--skip-outbound-ports=", options.skip_outbound_ports));
  if (!options.skip_subnets.empty()) out.string(str_cat("--skip-outbound-cidrs=", options.skip_subnets));
  out.end_array();
  out.field("terminationMessagePolicy", "FallbackToLogsOnError");
  out.key("resources").begin_object();
  write_quantities(out, "requests", "10m", "20Mi");
  write_quantities(out, "limits", "100m", "64Mi");
  out.end_object();
  write_security(out, true);
  out.end_object();
  return parsed(text);
}

std::vector<JsonValue> sidecar_volumes(const PodSidecar& facts) {
  std::vector<JsonValue> all;
  std::string text;
  JsonWriter identity(text);  // a private key never touches a disk
  identity.begin_object().field("name", kIdentityVolume).key("emptyDir").begin_object().field("medium", "Memory");
  identity.field("sizeLimit", "16Mi").end_object().end_object();
  all.push_back(parsed(text));
  text.clear();
  JsonWriter token(text);
  token.begin_object().field("name", kTokenVolume).key("projected").begin_object().key("sources").begin_array();
  token.begin_object().key("serviceAccountToken").begin_object().field("path", "token");
  token.field("audience", facts.settings.audience).field("expirationSeconds", 3600).end_object().end_object();
  token.end_array().end_object().end_object();
  all.push_back(parsed(text));
  text.clear();
  JsonWriter root(text);
  root.begin_object().field("name", kRootVolume).key("configMap").begin_object();
  root.field("name", facts.settings.root_config_map).end_object().end_object();
  all.push_back(parsed(text));
  return all;
}

bool is_our_volume(std::string_view name) noexcept {
  return name == kIdentityVolume || name == kTokenVolume || name == kRootVolume;
}
}  // namespace heddle
