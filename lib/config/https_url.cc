#include "lib/config/https_url.h"

#include <algorithm>

#include "lib/api/resource.h"
#include "lib/base/address.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kScheme = "https://";

Error bad(std::string_view why) {
  return make_error(Reason::kConfigInvalid, str_cat(why, "; expected a URL as \"https://host[:port]/path\""));
}

// Its last label is a number: resolvers take it for an address, in spellings of their own.
bool looks_like_ipv4(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  bool is_number = std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number || last.starts_with("0x");
}
}  // namespace

Result<HttpsUrl> HttpsUrl::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return bad("has more than 2,048 bytes");
  auto is_visible = [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>'; };
  if (!std::all_of(text.begin(), text.end(), is_visible)) return bad("has a character that must be percent-encoded");
  if (!text.starts_with(kScheme)) return bad("is not of scheme https");
  if (text.find('#') != text.npos) return bad("has a fragment");
  std::string_view rest = text.substr(kScheme.size());
  HttpsUrl out;
  out.text_ = text;
  size_t end = std::min(rest.find_first_of("/?"), rest.size());
  HEDDLE_CHECK_OK(out.read_authority(rest.substr(0, end)));
  rest.remove_prefix(end);
  size_t query = std::min(rest.find('?'), rest.size());
  out.path_ = query == 0 ? "/" : rest.substr(0, query);
  if (query < rest.size()) out.query_ = rest.substr(query + 1);
  return out;
}

Result<void> HttpsUrl::read_authority(std::string_view authority) {
  if (authority.find('@') != authority.npos) return bad("has user information");
  bool is_bracketed = authority.starts_with('[');
  size_t host_end = is_bracketed ? authority.find(']') : authority.find(':');
  if (is_bracketed && host_end == authority.npos) return bad("has a bracket that does not end");
  std::string_view host = is_bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  std::string_view rest = host_end == authority.npos ? "" : authority.substr(host_end + (is_bracketed ? 1 : 0));
  host_ = to_lower(host);
  Result<Address> ip = Address::from_ip(host_, 0);
  host_is_ip_ = ip.has_value();
  bool is_ipv6 = ip && ip->family() == Address::Family::kIpv6;
  if (is_ipv6 != is_bracketed) return bad(is_bracketed ? "has no IPv6 address in brackets" : "has a bad host");
  if (!ip && (!is_dns_name(host_) || looks_like_ipv4(host_))) return bad("has a host that is no name and no address");
  if (is_ipv6) host_ = ip->ip();
  authority_ = is_ipv6 ? str_cat("[", host_, "]") : host_;
  if (rest.empty()) return {};
  auto port = rest.starts_with(':') ? parse_int<uint16_t>(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0) return bad("has a bad port");
  port_ = *port;
  if (port_ != 443) authority_ += str_cat(":", std::to_string(port_));
  return {};
}
}  // namespace heddle
