#include "control/kube/kube_config.h"

#include "control/kube/kube_limits.h"
#include "lib/api/resource.h"
#include "lib/base/address.h"
#include "lib/base/strings.h"
#include "lib/config/https_url.h"

namespace heddle {
namespace {
constexpr std::string_view kHttp = "http://";

bool has_port(std::string_view authority) {
  size_t from = authority.starts_with('[') ? authority.find(']') : 0;
  return from != authority.npos && authority.find(':', from) != authority.npos;
}

std::string without_white_space_at_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}
}  // namespace

// HttpsUrl reads both: the schemes differ in their name and port alone.
Result<void> read_kube_server(std::string_view url, KubeConfig& into) {
  bool is_plain = url.starts_with(kHttp);
  std::string text(url);
  if (is_plain) {
    std::string_view rest = url.substr(kHttp.size());
    size_t end = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view port = has_port(rest.substr(0, end)) ? "" : ":80";
    text = str_cat("https://", rest.substr(0, end), port, rest.substr(end));
  }
  HEDDLE_TRY(HttpsUrl parsed, HttpsUrl::parse(text));
  if (!parsed.query().empty()) return make_error(Reason::kConfigInvalid, "has a query; expected an address and a path");
  into.server = {parsed.host(), parsed.port(), !is_plain};
  into.base_path = parsed.path();
  while (into.base_path.ends_with('/')) into.base_path.pop_back();
  return {};
}

Result<KubeConfig> in_cluster_config(const InClusterInput& input) {
  auto refuse = [](std::string what) { return make_error(Reason::kConfigInvalid, std::move(what)); };
  if (input.host.empty() || input.port.empty()) {
    return refuse("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  std::string_view host = input.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  bool is_address = Address::from_ip(host, 0).has_value();
  if (!is_address && !is_dns_name(host)) return refuse("KUBERNETES_SERVICE_HOST: neither a name nor an address");
  std::optional<uint16_t> port = parse_int<uint16_t>(input.port);
  if (!port || *port == 0) return refuse("KUBERNETES_SERVICE_PORT: no number from 1 to 65535");
  KubeConfig out;
  out.server = {to_lower(host), *port, true};
  out.ca.file = str_cat(input.folder, "/ca.crt");
  out.token_file = str_cat(input.folder, "/token");
  out.namespace_name = without_white_space_at_end(input.namespace_text);
  if (!is_dns_label(out.namespace_name))
    return refuse(str_cat(input.folder, "/namespace: holds no name of a namespace"));
  return out;
}

Result<KubeConfig> plain_kube_config(std::string_view url) {
  KubeConfig out;
  Result<void> read = read_kube_server(url, out);
  if (!read) return std::move(read).error().within("--kube-api-url");
  out.namespace_name = "default";
  return out;
}
}  // namespace heddle
