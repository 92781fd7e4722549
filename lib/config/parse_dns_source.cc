#include <algorithm>

#include "lib/api/resource.h"
#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle {
namespace {
constexpr EnumName<DnsType> kTypes[] = {{"address", DnsType::kAddress}, {"srv", DnsType::kSrv}};
constexpr DurationRange kTtls{1s, 24h};

bool is_number(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_dns_labels(std::string_view name) {
  size_t dot = name.find('.');
  if (!is_dns_label(name.substr(0, dot))) return false;
  return dot == name.npos || has_dns_labels(name.substr(dot + 1));
}

// The labels behind those that begin with an underscore.
std::string_view without_underscored(std::string_view name) {
  while (name.starts_with('_')) {
    size_t dot = name.find('.');
    std::string_view label = name.substr(1, dot == name.npos ? dot : dot - 1);
    if (dot == name.npos || label.size() > 62 || !is_dns_label(label)) break;
    name.remove_prefix(dot + 1);
  }
  return name;
}

void parse_port(JsonObject& dns, DnsSource& out) {
  if (out.type == DnsType::kSrv) {
    if (dns.has("port")) dns.problem("port", "stands beside type: srv: SRV records have ports of their own");
    dns.ignore("port");
    return;
  }
  out.port = static_cast<uint16_t>(dns.integer("port", detail::kPortRange));
}
}  // namespace

std::string_view to_text(DnsType type) noexcept { return kTypes[static_cast<size_t>(type)].name; }

std::string_view dns_name_mistake(std::string_view name, bool underscores) noexcept {
  if (name.size() > 253) return "has more than 253 bytes";
  if (name.ends_with('.')) return "ends with a dot: every name is taken as absolute, write it without";
  std::string_view host = underscores ? without_underscored(name) : name;
  if (host.find('_') != host.npos) {
    return underscores ? "has an underscore elsewhere than before its service and protocol (RFC 2782)"
                       : "has an underscore: only names of SRV records may";
  }
  if (!has_dns_labels(host)) return "is not a host name in lower case (RFC 1123)";
  std::string_view last = host.substr(host.rfind('.') + 1);
  if (is_number(last) || last.starts_with("0x")) return "ends with a number: list addresses under endpoints";
  return {};
}

namespace detail {
std::optional<DnsSource> parse_dns_source(JsonObject& spec) {
  std::optional<JsonObject> dns = spec.optional_object("dns");
  if (!dns) return std::nullopt;
  DnsSource out;
  out.type = dns->optional_one_of("type", kTypes).value_or(DnsType::kAddress);
  out.name = dns->string("name", {1, 253});
  std::string_view mistake = out.name.empty() ? "" : dns_name_mistake(out.name, out.type == DnsType::kSrv);
  if (!mistake.empty()) dns->problem("name", str_cat(in_quotes(out.name), " ", mistake));
  parse_port(*dns, out);
  out.min_ttl = dns->optional_duration("minTtl", kTtls).value_or(out.min_ttl);
  out.max_ttl = dns->optional_duration("maxTtl", kTtls).value_or(std::max<Duration>(out.max_ttl, out.min_ttl));
  if (out.max_ttl < out.min_ttl) dns->problem("maxTtl", "is shorter than minTtl");
  dns->finish();
  return out;
}
}  // namespace detail
}  // namespace heddle
