#include "control/docker/docker_host.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

Error refuse(std::string_view text) {
  return make_error(Reason::kConfigInvalid, str_cat(in_quotes(text), ": expected unix:///path or tcp://host:port"));
}
}  // namespace

Result<DockerHost> parse_docker_host(std::string_view text) {
  DockerHost out;
  if (text.starts_with(kUnix)) {
    std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/')) return refuse(text);
    HEDDLE_TRY(out.socket, Address::from_unix(path));
    return out;
  }
  if (!text.starts_with(kTcp)) return refuse(text);
  std::string_view rest = text.substr(kTcp.size());
  size_t colon = rest.rfind(':');
  std::optional<uint16_t> port = colon == rest.npos ? std::nullopt : parse_int<uint16_t>(rest.substr(colon + 1));
  if (!port || *port == 0) return refuse(text);
  if (Result<Address> address = Address::parse(rest); address && address->is_ip()) {
    out.server = {address->ip(), *port};
    return out;
  }
  std::string_view host = rest.substr(0, colon);
  if (host.empty() || host.find_first_not_of(kHostCharacters) != host.npos) return refuse(text);
  out.server = {std::string(host), *port};
  return out;
}
}  // namespace heddle
