#include "certs/jwks.h"

#include <openssl/core_names.h>

#include <algorithm>

#include "certs/limits.h"
#include "certs/pem.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kUse = "x509-svid";
constexpr Duration kMinHint = 60s;
constexpr Duration kMaxHint = 3600s;

Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

std::string_view text_of(const JsonValue& object, std::string_view key) {
  auto value = object.find(key);
  return value ? value->as_string().value_or(std::string_view()) : std::string_view();
}

bool is_ours(const JsonValue& jwk) {
  std::string_view kty = text_of(jwk, "kty");
  return text_of(jwk, "use") == kUse && (kty == "EC" || kty == "RSA");
}

// Null when the entry is to be ignored.
Result<X509Shared> certificate_of(const JsonValue& jwk) {
  if (!jwk.is_object()) return bad("expected an object");
  auto x5c = jwk.find("x5c");
  if (!is_ours(jwk) || !x5c) return X509Shared();
  if (!x5c->is_array()) return bad(str_cat("x5c: expected a list, found ", x5c->type_name()));
  if (x5c->size() == 0) return X509Shared();
  JsonValue first = x5c->at(0);
  auto base64 = first.as_string();
  if (!base64) return bad(str_cat("x5c[0]: expected a string, found ", first.type_name()));
  auto der = from_base64(*base64);
  if (!der) return std::move(der).error().within("x5c[0]");
  auto certificate = parse_certificate(*der);
  if (!certificate) return std::move(certificate).error().within("x5c[0]");
  return certificate;
}

Result<CertChain> certificates_of(const JsonValue& document) {
  auto keys = document.find("keys");
  if (!keys || !keys->is_array()) return bad("`keys` is required and must be a list");
  CertChain certificates;
  for (size_t i = 0; i < keys->size(); ++i) {
    auto certificate = certificate_of(keys->at(i));
    if (!certificate) return std::move(certificate).error().within(str_cat("keys[", std::to_string(i), "]"));
    if (*certificate != nullptr) certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

Result<DomainRoots::Notes> notes_of(const JsonValue& document) {
  DomainRoots::Notes notes;
  if (auto sequence = document.find("spiffe_sequence")) {
    auto number = sequence->as_integer();
    if (!number || *number < 0) return bad("spiffe_sequence: expected an integer of 0 to 2^63-1");
    notes.sequence = static_cast<uint64_t>(*number);
  }
  if (auto hint = document.find("spiffe_refresh_hint")) {
    auto number = hint->as_integer();
    if (!number) return bad("spiffe_refresh_hint: expected an integer (seconds)");
    int64_t bounded = std::clamp<int64_t>(*number, kMinHint / 1s, kMaxHint / 1s);  // first: nanoseconds overflow
    notes.refresh_hint = std::chrono::seconds(bounded);
  }
  return notes;
}

Result<DomainRoots::Ptr> roots_of(const TrustDomain& domain, const JsonValue& document) {
  if (!document.is_object()) return bad("a bundle must be an object");
  HEDDLE_TRY(auto certificates, certificates_of(document));
  HEDDLE_TRY(auto notes, notes_of(document));
  return DomainRoots::create(domain, std::move(certificates), notes);
}

// The key's big number as base64url, padded on the left to `size` bytes (0: as short as it is).
Result<std::string> number_of(const EVP_PKEY* key, const char* parameter, int size) {
  BIGNUM* raw = nullptr;
  int found = EVP_PKEY_get_bn_param(key, parameter, &raw);
  BignumPtr number(raw);
  if (found != 1) return make_error(Reason::kInternal, openssl_error());
  int width = std::max(size, BN_num_bytes(raw));
  std::string bytes(static_cast<size_t>(width), '\0');
  BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), width);
  return to_base64url(as_bytes(bytes));
}

Result<void> write_ec(JsonWriter& out, const EVP_PKEY* key) {
  int bits = EVP_PKEY_get_bits(key);
  int size = (bits + 7) / 8;
  HEDDLE_TRY(auto x, number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size));
  HEDDLE_TRY(auto y, number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size));
  out.field("kty", "EC").field("crv", str_cat("P-", std::to_string(bits))).field("x", x).field("y", y);
  return {};
}

Result<void> write_rsa(JsonWriter& out, const EVP_PKEY* key) {
  HEDDLE_TRY(auto n, number_of(key, OSSL_PKEY_PARAM_RSA_N, 0));
  HEDDLE_TRY(auto e, number_of(key, OSSL_PKEY_PARAM_RSA_E, 0));
  out.field("kty", "RSA").field("n", n).field("e", e);
  return {};
}

Result<void> write_key(JsonWriter& out, const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  out.begin_object().field("use", kUse);
  if (key != nullptr && EVP_PKEY_is_a(key, "EC") == 1) {
    HEDDLE_CHECK_OK(write_ec(out, key));
  } else if (key != nullptr && EVP_PKEY_is_a(key, "RSA") == 1) {
    HEDDLE_CHECK_OK(write_rsa(out, key));
  } else {
    return make_error(Reason::kUnsupported, "only EC and RSA roots can be published as JWK");
  }
  out.key("x5c").begin_array().string(to_base64(as_bytes(to_der(certificate, i2d_X509)))).end_array().end_object();
  return {};
}

Result<JsonValue> parse_object(std::string_view json) {
  HEDDLE_TRY(auto document, JsonValue::parse(json, kMaxBundle));
  if (!document.is_object()) return bad("expected an object");
  return document;
}
}  // namespace

Result<DomainRoots::Ptr> parse_jwks(const TrustDomain& domain, std::string_view json) {
  auto roots = parse_object(json).and_then([&](const JsonValue& document) { return roots_of(domain, document); });
  if (!roots) return std::move(roots).error().within(str_cat("bundle of ", domain.name()));
  return roots;
}

Result<std::string> to_jwks(const DomainRoots& roots) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().key("keys").begin_array();
  for (const X509Shared& certificate : roots.certificates()) HEDDLE_CHECK_OK(write_key(out, certificate.get()));
  out.end_array();
  if (roots.notes().sequence) out.field("spiffe_sequence", *roots.notes().sequence);
  out.field("spiffe_refresh_hint", static_cast<int64_t>(roots.notes().refresh_hint / 1s));
  out.end_object();
  return json;
}

Result<TrustBundle> parse_bundle_map(std::string_view json) {
  auto document = parse_object(json);
  if (!document) return std::move(document).error().within("bundle map");
  auto domains = document->find("trust_domains");
  if (!domains || !domains->is_object()) return bad("bundle map: `trust_domains` is required and must be an object");
  TrustBundle bundle;
  for (std::string_view name : domains->keys()) {
    auto domain = TrustDomain::parse(name);
    if (!domain) return std::move(domain).error().within("bundle map");
    auto roots = roots_of(*domain, *domains->find(name));
    if (!roots) return std::move(roots).error().within(str_cat("bundle map: ", name));
    DomainRoots::Notes notes{(*roots)->notes().sequence, DomainRoots::kDefaultRefreshHint};
    HEDDLE_TRY(auto noted, DomainRoots::create(*domain, (*roots)->certificates(), notes));
    bundle.replace(std::move(noted));
  }
  return bundle;
}

Result<std::string> to_bundle_map(const std::vector<DomainRoots::Ptr>& domains) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().key("trust_domains").begin_object();
  for (const DomainRoots::Ptr& roots : domains) {
    HEDDLE_TRY(std::string bundle, to_jwks(*roots));
    out.key(roots->trust_domain().name()).raw(bundle);
  }
  out.end_object().end_object();
  if (json.size() > kMaxBundle) return make_error(Reason::kTooLarge, "the bundle map is larger than 1 MiB");
  return json;
}
}  // namespace heddle
