#include "proxy/app/bootstrap_dns.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
void read_server(const JsonReader& item, std::vector<Address>& out) {
  auto text = item.string();
  if (!text) return;
  auto address = Address::parse(*text);
  if (!address) return item.problem(address.error().detail);
  if (!address->is_ip() || address->port() == 0)
    return item.problem("expected an IP address with a port, as 10.0.0.53:53");
  if (std::find(out.begin(), out.end(), *address) != out.end()) return item.problem(str_cat(*text, " stands twice"));
  out.push_back(*address);
}
}  // namespace

void read_dns(JsonObject& root, DnsSettings& out) {
  auto at = root.optional_object("dns");
  if (!at) return;
  SizeRange one_or_more{1, DnsSettings::kMaxServers};
  for (const JsonReader& item : at->optional_array("servers", one_or_more)) read_server(item, out.servers);
  out.timeout = at->optional_duration("timeout", {100ms, 30s}).value_or(out.timeout);
  at->finish();
}
}  // namespace heddle
