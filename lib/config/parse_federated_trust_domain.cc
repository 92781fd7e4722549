#include "certs/federated_bundle.h"
#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<BundleProfile> kProfiles[] = {{"https_web", BundleProfile::kHttpsWeb},
                                                 {"https_spiffe", BundleProfile::kHttpsSpiffe}};

std::optional<TrustDomain> parse_domain(JsonObject& spec) {
  std::string text = spec.string("trustDomain", {1, 255});
  if (text.empty()) return std::nullopt;
  Result<TrustDomain> domain = TrustDomain::parse(text);
  if (domain) return *std::move(domain);
  spec.problem("trustDomain", domain.error().detail);
  return std::nullopt;
}

std::optional<HttpsUrl> parse_url(JsonObject& endpoint) {
  std::string text = endpoint.string("url", {1, HttpsUrl::kMaxBytes});
  if (text.empty()) return std::nullopt;
  Result<HttpsUrl> url = HttpsUrl::parse(text);
  if (url) return *std::move(url);
  endpoint.problem("url", url.error().detail);
  return std::nullopt;
}

std::optional<FederationEndpoint> parse_endpoint(JsonObject& spec) {
  std::optional<JsonObject> object = spec.optional_object("bundleEndpoint");
  if (!object) return std::nullopt;
  std::optional<HttpsUrl> url = parse_url(*object);
  if (object->is_object() && !object->has("profile"))
    object->problem("profile", "is required: https_web or https_spiffe");
  std::optional<BundleProfile> profile = object->optional_one_of("profile", kProfiles);
  std::optional<SpiffeId> id = read_optional_identity(*object, "spiffeId");
  bool has_id = object->has("spiffeId");
  if (profile == BundleProfile::kHttpsSpiffe && !has_id) {
    object->problem("spiffeId", "is required by https_spiffe: who must answer there");
  }
  if (profile == BundleProfile::kHttpsWeb && has_id) object->problem("spiffeId", "belongs to https_spiffe only");
  object->finish();
  if (!url || !profile) return std::nullopt;
  return FederationEndpoint{*std::move(url), *profile, std::move(id)};
}

void parse_bundle(JsonObject& spec, FederatedTrustDomainSpec& out) {
  if (!spec.has("bundle")) return;
  JsonObject object = spec.object("bundle");  // the format allows members that nobody here knows
  if (!object.is_object() || !out.trust_domain) return;
  Result<FederatedBundle> bundle = parse_federated_bundle(*out.trust_domain, object.value().compact());
  if (!bundle) return spec.problem("bundle", bundle.error().detail);
  if (bundle->roots->empty()) return spec.problem("bundle", "has no certificate of use x509-svid");
  out.bundle = bundle->roots;
  out.bundle_text = std::move(bundle->text);
}

// Where the endpoint is of the domain itself, its first certificate is proved by the bundle that was given.
void check_bootstrap(JsonObject& spec, const FederatedTrustDomainSpec& out) {
  if (spec.has("bundle") || !out.trust_domain) return;
  if (spec.is_object() && !spec.has("bundleEndpoint")) {
    return spec.problem("bundle", "is required where there is no bundleEndpoint");
  }
  bool is_own = out.endpoint && out.endpoint->id && out.endpoint->id->trust_domain() == *out.trust_domain;
  if (is_own) spec.problem("bundle", "is required by https_spiffe: it proves who the endpoint is the first time");
}
}  // namespace

std::shared_ptr<const FederatedTrustDomainSpec> parse_federated_trust_domain(const Envelope& envelope,
                                                                             JsonObject& spec) {
  auto out = std::make_shared<FederatedTrustDomainSpec>();
  out->key = envelope.key;
  out->trust_domain = parse_domain(spec);
  out->endpoint = parse_endpoint(spec);
  parse_bundle(spec, *out);
  check_bootstrap(spec, *out);
  return out;
}
}  // namespace heddle::detail
