#include "control/api/federation_view.h"

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
void write_endpoint(JsonWriter& out, const FederationEndpoint& endpoint) {
  out.key("endpoint").begin_object().field("url", endpoint.url.text()).field("profile", to_text(endpoint.profile));
  if (endpoint.id) out.field("spiffeId", endpoint.id->text());
  out.end_object();
}

void write_bundle(JsonWriter& out, const FederatedBundle& bundle) {
  const DomainRoots& roots = *bundle.roots;
  out.key("bundle").begin_object().field("digest", roots.digest()).field("bytes", bundle.text.size());
  if (roots.notes().sequence) out.field("sequence", *roots.notes().sequence);
  out.key("roots").begin_array();
  for (const std::string& pin : roots.pins()) out.string(pin);
  out.end_array().end_object();
}

void write_domain(JsonWriter& out, const FederatedDomain& row, std::optional<WallTime> next) {
  out.begin_object().field("trustDomain", row.spec->trust_domain->name()).field("resource", row.spec->key.text());
  if (row.spec->endpoint) write_endpoint(out, *row.spec->endpoint);
  out.field("source", to_text(row.source));
  if (row.bundle) write_bundle(out, *row.bundle);
  if (row.fetched) out.field("fetched", format_time(*row.fetched));
  if (next) out.field("next", format_time(*next));
  out.field("failures", row.failures).field("problem", row.problem).end_object();
}
}  // namespace

FederationUse federation_use(const std::vector<NodeStatus>& sidecars, std::string_view digest) {
  FederationUse out;
  for (const NodeStatus& row : sidecars) {
    if (!row.is_connected) continue;
    ++out.connected;
    std::string_view used = row.trust ? std::string_view(row.trust->federated) : std::string_view();
    if (used == digest) ++out.newest;
  }
  return out;
}

std::string federation_json(const FederationKeeper& keeper, const std::vector<NodeStatus>& sidecars) {
  const FederatedBundles& bundles = keeper.bundles();
  const FederatedTrust& trust = bundles.trust();
  FederationUse use = federation_use(sidecars, trust.digest);
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("trustDomain", bundles.own().name()).field("digest", trust.digest);
  out.field("bytes", trust.bytes).key("domains").begin_array();
  for (const auto& [name, row] : bundles.rows()) write_domain(out, row, keeper.next_of(name));
  out.end_array().key("sidecars").begin_object().field("connected", use.connected).field("newest", use.newest);
  out.end_object().end_object();
  return body;
}
}  // namespace heddle
