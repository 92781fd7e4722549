#include "proxy/app/bootstrap_probes.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr Duration kLongestTimeout = 1h;
constexpr std::string_view kWords[] = {"readyz", "livez", "startupz"};

std::string text_of(const JsonValue& at, std::string_view field) {
  std::optional<JsonValue> found = at.find(field);
  return std::string(found ? found->as_string().value_or("") : "");
}

// A name that nobody looks up: Kubelet asks from its node, and another name server.
void read_host(const JsonValue& at, ApplicationProbe& out) {
  std::string host = text_of(at, "host");
  if (host.empty()) return;
  auto address = Address::from_ip(host, 0);
  if (address) {
    out.host = *address;
  } else {
    out.impossible = str_cat("host ", in_quotes(host), " is no IP address");
  }
}

void read_headers(const JsonValue& at, ApplicationProbe& out) {
  JsonValue headers = at.find("httpHeaders").value_or(JsonValue::array());
  for (size_t i = 0; i < headers.size(); ++i) {
    std::string name = to_lower(text_of(headers.at(i), "name"));
    std::string value = text_of(headers.at(i), "value");
    bool is_host = name == "host";
    bool fits = is_host ? is_authority(value) : is_lower_token(name) && is_field_value(value);
    if (!fits) {
      out.impossible = str_cat("header ", in_quotes(name), " is none that can be sent");
    } else if (is_host) {
      out.authority = value;
    } else {
      out.headers.emplace_back(std::move(name), std::move(value));
    }
  }
}

void read_http(const JsonValue& at, ApplicationProbe& out) {
  out.kind = CheckKind::kHttp;
  out.is_https = text_of(at, "scheme") == "HTTPS";
  std::string path = text_of(at, "path");
  out.path = path.starts_with('/') ? path : str_cat("/", path);
  if (auto checked = check_path(out.path); !checked) out.impossible = checked.error().detail;
  read_headers(at, out);
  read_host(at, out);
}

void read_kind(const JsonReader& item, ApplicationProbe& out) {
  const JsonValue& probe = item.value();
  std::optional<JsonValue> at;
  if ((at = probe.find("httpGet"))) {
    read_http(*at, out);
  } else if ((at = probe.find("grpc"))) {
    out.kind = CheckKind::kGrpc;
    out.service = text_of(*at, "service");
  } else if ((at = probe.find("tcpSocket"))) {
    read_host(*at, out);
  } else {
    return item.problem("expected httpGet, tcpSocket or grpc");
  }
  std::optional<JsonValue> port = at->find("port");
  int64_t number = port ? port->as_integer().value_or(0) : 0;
  if (number < 1 || number > 65535) return item.problem("port: expected a number from 1 to 65535");
  out.port = static_cast<uint16_t>(number);
}

bool is_probe_name(std::string_view name) {
  std::vector<std::string_view> parts = split(name, '/');
  return parts.size() == 2 && is_dns_label(parts[0]) &&
         std::find(std::begin(kWords), std::end(kWords), parts[1]) != std::end(kWords);
}

ApplicationProbe read_probe(const JsonReader& item) {
  ApplicationProbe out;
  read_kind(item, out);
  std::optional<JsonValue> timeout = item.value().find("timeoutSeconds");
  int64_t seconds = timeout ? timeout->as_integer().value_or(1) : 1;
  out.timeout = std::clamp<Duration>(std::chrono::seconds(std::clamp<int64_t>(seconds, 1, 3600)), 1s, kLongestTimeout);
  return out;
}
}  // namespace

void read_application_probes(JsonObject& root, ApplicationProbeMap& out) {
  auto at = root.optional("applicationProbes");
  if (!at) return;
  if (!at->value().is_object()) return at->problem("expected an object");
  if (at->value().size() > kMaxApplicationProbes) return at->problem("has more than 300 probes");
  for (std::string_view name : at->value().keys()) {
    JsonReader item = at->at_field(str_cat(at->path(), "[", in_quotes(name), "]"), *at->value().find(name));
    if (!is_probe_name(name)) {
      item.problem("expected <container>/readyz, <container>/livez or <container>/startupz");
    } else {
      out.emplace(name, read_probe(item));
    }
  }
}
}  // namespace heddle
