#include "proxy/app/bootstrap_workload.h"

#include <cstdlib>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr char kEnvironment[] = "SPIFFE_ENDPOINT_SOCKET";
constexpr EnumName<uint32_t> kModes[] = {{"0600", 0600}, {"0660", 0660}, {"0666", 0666}};

Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }
}  // namespace

Result<Address> parse_workload_endpoint(std::string_view uri) {
  if (uri.starts_with("tcp:")) {
    return make_error(Reason::kUnsupported, "tcp: is not spoken, anybody could listen there; use unix:///path");
  }
  if (!uri.starts_with("unix:")) return bad(str_cat(in_quotes(uri), ": expected unix:///path"));
  std::string_view path = uri.substr(5);
  if (path.starts_with("//")) path.remove_prefix(2);
  if (!path.starts_with('/')) return bad(str_cat(in_quotes(uri), ": expected unix:/// and an absolute path"));
  if (path.find_first_of("?#%") != std::string_view::npos) {
    return bad(str_cat(in_quotes(uri), ": must not have a query, a fragment or %"));
  }
  return Address::from_unix(path);
}

void read_spire(JsonObject& identity, IdentitySettings& out) {
  auto uri = identity.optional_string("socket");
  if (!uri && identity.has("socket")) return;
  const char* named = uri ? uri->c_str() : std::getenv(kEnvironment);
  if (named == nullptr) {
    return identity.problem("socket", "is required: unix:///path (or the environment variable SPIFFE_ENDPOINT_SOCKET)");
  }
  auto address = parse_workload_endpoint(named);
  if (address) {
    out.workload_socket = *address;
  } else {
    identity.problem("socket", uri ? address.error().detail : str_cat(kEnvironment, ": ", address.error().detail));
  }
}

void read_workload_api(JsonObject& root, Settings& out) {
  auto at = root.optional_object("workloadApi");
  if (!at) return;
  std::string path = at->string("socket", {1});
  auto address = path.empty() ? Result<Address>(Address()) : Address::from_unix(path);
  if (address) {
    out.workload_api.socket = *address;
  } else {
    at->problem("socket", address.error().detail);
  }
  out.workload_api.mode = at->optional_one_of("mode", kModes).value_or(0600);
  at->finish();
}

void check_workload_api(const JsonObject& root, const Settings& settings) {
  const auto& socket = settings.workload_api.socket;
  if (!socket) return;
  if (settings.identity.source == IdentitySettings::Source::kNone) {
    root.problem("workloadApi", "needs an identity to hand out: set identity.source");
  }
  if (settings.identity.workload_socket == *socket) {
    root.problem("workloadApi.socket", "is the socket that identity.socket asks");
  }
}
}  // namespace heddle
