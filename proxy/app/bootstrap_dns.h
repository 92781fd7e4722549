// `dns` of the bootstrap: the servers that names of backend sets are asked of. Private to proxy/app.
#pragma once
#include "lib/base/json_reader.h"
#include "lib/event/dns_resolver.h"

namespace heddle {
void read_dns(JsonObject& root, DnsSettings& out);
}  // namespace heddle
