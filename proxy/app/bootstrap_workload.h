// The parts of the bootstrap file that are about the SPIFFE Workload API: where the identity comes from
// (identity.source: spire) and where it is handed out (workloadApi). Pure, but for the name of the agent's socket,
// which the environment may give.
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/app/settings.h"

namespace heddle {
// "unix:///absolute/path", no host, query or fragment (SPIFFE Workload Endpoint §4); tcp: is refused.
Result<Address> parse_workload_endpoint(std::string_view uri);
// identity.socket; without it SPIFFE_ENDPOINT_SOCKET.
void read_spire(JsonObject& identity, IdentitySettings&);
void read_workload_api(JsonObject& root, Settings&);
// What these keys need of others.
void check_workload_api(const JsonObject& root, const Settings&);
}  // namespace heddle
