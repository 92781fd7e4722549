#include "control/store/etcd_options.h"

#include "lib/base/address.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxHost = 253;

Error bad(std::string_view url, std::string_view what) {
  return make_error(Reason::kConfigInvalid,
                    str_cat("etcd endpoint ", in_quotes(url), ": ", what, "; expected as https://etcd-1.example:2379"));
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  return host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") == host.npos;
}
}  // namespace

std::string EtcdEndpoint::authority() const {
  bool is_v6 = host.find(':') != std::string::npos;
  return str_cat(is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", std::to_string(port));
}

std::string EtcdEndpoint::text() const { return str_cat(is_tls ? "https://" : "http://", authority()); }

Result<EtcdEndpoint> EtcdEndpoint::parse(std::string_view url) {
  EtcdEndpoint out;
  std::string_view rest = url;
  out.is_tls = rest.starts_with("https://");
  if (!out.is_tls && !rest.starts_with("http://")) return bad(url, "it begins with neither http:// nor https://");
  rest.remove_prefix(out.is_tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  size_t colon = rest.rfind(':');
  bool is_v6 = rest.starts_with('[');
  if (is_v6 ? rest.find("]:") == rest.npos : colon == rest.npos) return bad(url, "the port is missing");
  std::optional<uint16_t> port = parse_int<uint16_t>(rest.substr(colon + 1));
  if (!port || *port == 0) return bad(url, "the port is no number from 1 to 65535");
  out.port = *port;
  std::string_view host = rest.substr(0, colon);
  if (is_v6) host = host.substr(1, host.size() - 2);
  if (!is_host(host) || (host.find(':') != host.npos && !Address::from_ip(host, out.port))) {
    return bad(url, "the host is neither a name nor an address");
  }
  out.host = to_lower(host);
  return out;
}

Result<void> EtcdOptions::check() const {
  auto refuse = [](std::string what) { return make_error(Reason::kConfigInvalid, std::move(what)); };
  if (endpoints.empty()) return refuse("etcd: at least one endpoint is needed");
  if (endpoints.size() > kMaxEndpoints) return refuse("etcd: more than 16 endpoints");
  bool has_tls = false;
  bool has_plain = false;
  for (const EtcdEndpoint& endpoint : endpoints) (endpoint.is_tls ? has_tls : has_plain) = true;
  if (has_tls && has_plain) return refuse("etcd: either all endpoints are https:// or none is");
  if (has_tls && ca_file.empty()) return refuse("etcd: https:// endpoints need a CA file");
  if (has_plain && !(ca_file.empty() && cert_file.empty() && key_file.empty())) {
    return refuse("etcd: certificates are of no use with http:// endpoints");
  }
  if (cert_file.empty() != key_file.empty()) return refuse("etcd: a client certificate needs its key, and the reverse");
  if (user.empty() && !password.empty()) return refuse("etcd: there is a password, but no user");
  return {};
}
}  // namespace heddle
