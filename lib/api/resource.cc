#include "lib/api/resource.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kHeddle = "heddle.dev/v1";
constexpr std::string_view kGateway = "gateway.networking.k8s.io/v1";
// In the order of the enumerators.
constexpr KindInfo kKinds[] = {
    {Kind::kService, kHeddle, "Service", "services", "svc", true},
    {Kind::kBackendSet, kHeddle, "BackendSet", "backendsets", "bs", true},
    {Kind::kHttpRoute, kGateway, "HTTPRoute", "httproutes", "hr", true},
    {Kind::kGrpcRoute, kGateway, "GRPCRoute", "grpcroutes", "gr", true},
    {Kind::kTcpRoute, kGateway, "TCPRoute", "tcproutes", "tr", true},
    {Kind::kHealthPolicy, kHeddle, "HealthPolicy", "healthpolicies", "hp", true},
    {Kind::kTrafficPolicy, kHeddle, "TrafficPolicy", "trafficpolicies", "tp", true},
    {Kind::kAuthorizationPolicy, kHeddle, "AuthorizationPolicy", "authorizationpolicies", "ap", true},
    {Kind::kWorkload, kHeddle, "Workload", "workloads", "wl", true},
    {Kind::kFederatedTrustDomain, kHeddle, "FederatedTrustDomain", "federatedtrustdomains", "ftd", true},
    {Kind::kHttpRouteFilter, kHeddle, "HTTPRouteFilter", "httproutefilters", "hrf", true},
    {Kind::kRateLimitPolicy, kHeddle, "RateLimitPolicy", "ratelimitpolicies", "rl", true},
    {Kind::kTlsRoute, kGateway, "TLSRoute", "tlsroutes", "tlsr", true},
    {Kind::kUdpRoute, kGateway, "UDPRoute", "udproutes", "ur", false},
};
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxName = 253;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Error bad_name(std::string_view what, std::string_view text, std::string_view rule) {
  constexpr size_t kShown = 80;
  return make_error(Reason::kConfigInvalid,
                    str_cat(what, " ", in_quotes(text.substr(0, kShown)), " is not valid: ", rule));
}
}  // namespace

bool is_dns_label(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxLabel) return false;
  if (!is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_dns_name(std::string_view text) noexcept {
  if (text.size() > kMaxName) return false;
  while (true) {
    size_t dot = text.find('.');
    std::string_view label = text.substr(0, dot);
    bool edges = !label.empty() && is_alphanumeric(label.front()) && is_alphanumeric(label.back());
    if (!edges) return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; })) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::span<const KindInfo> all_kinds() noexcept { return kKinds; }

const KindInfo& info(Kind kind) noexcept { return kKinds[static_cast<size_t>(kind)]; }

bool accepts_api_version(const KindInfo& kind, std::string_view api_version) noexcept {
  if (api_version == kind.api_version) return true;
  bool is_l4 = kind.kind == Kind::kTcpRoute || kind.kind == Kind::kTlsRoute;
  if (is_l4 && api_version == "gateway.networking.k8s.io/v1alpha2") return true;
  return kind.kind == Kind::kTlsRoute && api_version == "gateway.networking.k8s.io/v1alpha3";
}

const KindInfo* find_kind(std::string_view word) noexcept {
  for (const KindInfo& kind : kKinds) {
    if (equals_ignore_case(word, kind.name) || word == kind.plural || word == kind.short_name) return &kind;
  }
  return nullptr;
}

Result<ResourceKey> ResourceKey::make(Kind kind, std::string_view ns, std::string_view name) {
  if (!is_dns_label(ns)) {
    return bad_name("namespace", ns,
                    "expected 1-63 lower-case letters, digits or '-', beginning and ending with none of '-'");
  }
  if (!is_dns_name(name)) {
    return bad_name(
        "name", name,
        "expected 1-253 lower-case letters, digits, '-' or '.', each part beginning and ending with a letter or digit");
  }
  return ResourceKey{kind, std::string(ns), std::string(name)};
}

Result<ResourceKey> ResourceKey::parse(std::string_view text) {
  size_t first = text.find('/');
  size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second == std::string_view::npos) {
    return make_error(Reason::kConfigInvalid,
                      str_cat(in_quotes(text), " is not a resource key as \"HTTPRoute/default/hello\""));
  }
  std::string_view word = text.substr(0, first);
  auto is_named = [&](const KindInfo& kind) { return kind.name == word; };
  const KindInfo* kind = std::find_if(std::begin(kKinds), std::end(kKinds), is_named);
  if (kind == std::end(kKinds)) {
    return make_error(Reason::kConfigInvalid, str_cat(in_quotes(word), " is not a kind of resource"));
  }
  return make(kind->kind, text.substr(first + 1, second - first - 1), text.substr(second + 1));
}

std::string ResourceKey::text() const { return str_cat(info(kind).name, "/", ns, "/", name); }

Result<Version> Version::parse(std::string_view text) {
  size_t dot = text.find('.');
  std::optional<uint64_t> epoch = parse_int<uint64_t>(text.substr(0, dot));
  std::optional<uint64_t> sequence;
  if (dot != std::string_view::npos) sequence = parse_int<uint64_t>(text.substr(dot + 1));
  if (!epoch || !sequence) {
    return make_error(Reason::kConfigInvalid, str_cat(in_quotes(text), " is not a version as \"3.1042\""));
  }
  return Version{*epoch, *sequence};
}

std::string Version::text() const { return str_cat(std::to_string(epoch), ".", std::to_string(sequence)); }
}  // namespace heddle
