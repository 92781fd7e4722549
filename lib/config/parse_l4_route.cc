// TCPRoute and TLSRoute: where opaque connections go (Gateway API). Of up to 16 rules that the API allows only the
// first could ever be reached, since rules ask nothing: more than one is refused.
#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
HttpRouteRule parse_rule(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
  HttpRouteRule out;
  out.name = read_optional_name(object, "name");
  for (const JsonReader& backend : object.array("backendRefs", {1, kMaxRuleBackends})) {
    out.backends.push_back(parse_backend(backend, ns));
    if (backend.value().find("filters")) backend.problem("filters mean nothing for opaque connections; leave them out");
  }
  object.finish();
  return out;
}

// "10.1.2.3" is a name by its letters; an SNI is never an address (RFC 6066 §3).
bool is_address(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void parse_server_names(JsonObject& spec, HttpRouteSpec& out) {
  if (!spec.has("hostnames")) spec.problem("hostnames", "is required: 1-16 names that the client's SNI may have");
  parse_hostnames(spec, out);
  if (spec.has("hostnames") && out.hostnames.empty()) spec.problem("hostnames", "expected 1-16 names");
  for (auto name = out.hostnames.begin(); name != out.hostnames.end(); ++name) {
    if (is_address(*name)) spec.problem("hostnames", str_cat(in_quotes(*name), " is an address; an SNI is a name"));
    if (std::find(out.hostnames.begin(), name, *name) == name) continue;
    spec.problem("hostnames", str_cat("have ", in_quotes(*name), " twice"));
  }
}
}  // namespace

std::shared_ptr<const HttpRouteSpec> parse_l4_route(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<HttpRouteSpec>();
  out->key = envelope.key;
  out->created = envelope.metadata.created;
  parse_parents(spec, *out);
  if (out->key.kind == Kind::kTlsRoute) parse_server_names(spec, *out);
  std::vector<JsonReader> rules = spec.array("rules", {1, kMaxRouteRules});
  if (rules.size() > 1) {
    spec.unsupported("rules",
                     "have more than one rule; the first takes every connection, the others were never reached");
  }
  for (const JsonReader& at : rules) out->rules.push_back(parse_rule(at, out->key.ns));
  out->rules.shrink_to_fit();
  return out;
}
}  // namespace heddle::detail
