#include "lib/routing/request_facts.h"

#include "lib/base/strings.h"

namespace heddle {
RequestFacts facts_of(const RequestHead& head) {
  std::string_view target = head.path();
  size_t mark = target.find('?');
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return {head.method(), head.scheme(), head.authority(), target.substr(0, mark), query, HeaderView(head.fields())};
}

std::optional<HostPort> split_authority(std::string_view authority) noexcept {
  HostPort out;
  if (authority.starts_with('[')) {
    size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    size_t colon = authority.find(':');
    out.host = authority.substr(0, colon);
    authority.remove_prefix(out.host.size());
  }
  if (out.host.empty()) return std::nullopt;
  if (authority.empty()) return out;
  out.port = authority.front() == ':' ? parse_int<uint16_t>(authority.substr(1)) : std::nullopt;
  if (!out.port || *out.port == 0) return std::nullopt;
  return out;
}
}  // namespace heddle
