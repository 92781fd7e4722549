#include "lib/net/host_address.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxName = 253;
constexpr size_t kMaxLabel = 63;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_of_name(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_host_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxName) return false;
  std::vector<std::string_view> labels = split(host, '.');
  bool are_labels = std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
           std::all_of(label.begin(), label.end(), is_of_name);
  });
  return are_labels && !std::all_of(labels.back().begin(), labels.back().end(), is_digit);
}
}  // namespace

Result<HostAddress> HostAddress::parse(std::string_view text) {
  Result<Address> address = Address::parse(text);
  if (address) return HostAddress(*std::move(address));
  size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  if (colon == text.npos || !is_host_name(host)) return std::move(address).error();
  std::optional<uint16_t> port = parse_int<uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) {
    return make_error(Reason::kConfigInvalid, str_cat(in_quotes(text), ": expected a port from 1 to 65535"));
  }
  HostAddress out;
  out.host_ = host;
  out.port_ = *port;
  return out;
}

std::string HostAddress::text() const {
  return is_name() ? str_cat(host_, ":", std::to_string(port_)) : address_.text();
}
}  // namespace heddle
