#include "certs/verify.h"

#include <algorithm>

#include "certs/limits.h"
#include "certs/private_key.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct BorrowedStackDelete {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};

Error invalid(std::string detail) { return make_error(Reason::kPeerCertificateInvalid, std::move(detail)); }

std::optional<std::string> broken_name_rule(const PeerCertificate& leaf) {
  if (!leaf.spiffe_id()) return leaf.spiffe_id_problem();
  if (leaf.spiffe_id()->path().empty()) return "the SPIFFE id of a leaf needs a path (X509-SVID 3.1)";
  if (leaf.subject().empty() && !leaf.names().critical) {
    return "subjectAltName must be critical when the subject is empty (X509-SVID 3.1)";
  }
  return std::nullopt;
}

std::optional<std::string> broken_usage_rule(const PeerCertificate& leaf) {
  if (leaf.is_ca()) return "the leaf is a CA (X509-SVID 4.1)";
  Flags<KeyUse> usage = leaf.key_usage();
  if (leaf.key_usage_criticality() == Criticality::kAbsent) return "keyUsage is missing (X509-SVID 4.3)";
  if (usage.has(KeyUse::kKeyCertSign)) return "the leaf has keyCertSign (X509-SVID 4.3)";
  if (usage.has(KeyUse::kCrlSign)) return "the leaf has cRLSign (X509-SVID 4.3)";
  if (leaf.key_usage_criticality() != Criticality::kCritical) return "keyUsage is not critical (X509-SVID 4.3)";
  if (!usage.has(KeyUse::kDigitalSignature)) return "keyUsage lacks digitalSignature (X509-SVID 4.3)";
  const auto& extended = leaf.extended_key_usage();
  if (!extended) return std::nullopt;
  if (!extended->has(ExtendedKeyUse::kServerAuth)) return "extendedKeyUsage lacks serverAuth (X509-SVID 4.4)";
  if (!extended->has(ExtendedKeyUse::kClientAuth)) return "extendedKeyUsage lacks clientAuth (X509-SVID 4.4)";
  return std::nullopt;
}

// Before any signature is checked: sizes and keys that bound the work.
Result<void> check_shown(std::span<X509* const> chain) {
  if (chain.empty()) return make_error(Reason::kPeerCertificateMissing, "the peer showed no certificate");
  // One more than a chain has: some peers send the root along.
  if (chain.size() > kMaxPathLength) {
    return invalid(str_cat("the peer showed ", std::to_string(chain.size()), " certificates, the limit is 5"));
  }
  size_t bytes = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    bytes += static_cast<size_t>(std::max(i2d_X509(chain[i], nullptr), 0));
    if (bytes > kMaxChainPem) return invalid("the peer's certificates exceed 32 KiB");
    auto allowed = check_key_allowed(X509_get0_pubkey(chain[i]));
    if (!allowed) return invalid(str_cat("certificate ", std::to_string(i), ": ", allowed.error().detail));
  }
  return {};
}

Result<StoreContextPtr> path_context(std::span<X509* const> chain, STACK_OF(X509) * intermediates, X509_STORE* store,
                                     WallTime now) {
  constexpr int kSecurityLevel = 2;                                        // 112 bits: no SHA-1, no RSA below 2048
  constexpr int kMaxIntermediates = static_cast<int>(kMaxPathLength) - 2;  // without leaf and root
  StoreContextPtr context(X509_STORE_CTX_new());
  if (context == nullptr || X509_STORE_CTX_init(context.get(), store, chain[0], intermediates) != 1) {
    return make_error(Reason::kInternal, openssl_error());
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  // An anchor may be an intermediate CA of a larger hierarchy: any certificate of the bundle ends the path.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(parameters, kMaxIntermediates);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  auto seconds = std::chrono::floor<std::chrono::seconds>(now.since_epoch()).count();
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(seconds));
  return context;
}

Error chain_error(X509_STORE_CTX* context, const TrustDomain& domain) {
  ERR_clear_error();
  int code = X509_STORE_CTX_get_error(context);
  return invalid(str_cat("chain to the roots of ", domain.name(), ": ", X509_verify_cert_error_string(code),
                         " (certificate ", std::to_string(X509_STORE_CTX_get_error_depth(context)), ")"));
}

// Narrows the peer's validity to that of every certificate of the path; also refuses keys the roots must not have.
Result<void> walk_path(const STACK_OF(X509) * path, VerifiedPeer& verified) {
  int length = sk_X509_num(path);
  if (length > static_cast<int>(kMaxPathLength)) return invalid("the path is longer than 5 certificates");
  for (int i = 0; i < length; ++i) {
    X509* certificate = sk_X509_value(path, i);
    auto allowed = check_key_allowed(X509_get0_pubkey(certificate));
    if (!allowed) return invalid(str_cat("certificate ", std::to_string(i), ": ", allowed.error().detail));
    verified.path_not_before = std::max(verified.path_not_before, to_wall_time(X509_get0_notBefore(certificate)));
    verified.path_not_after = std::min(verified.path_not_after, to_wall_time(X509_get0_notAfter(certificate)));
  }
  return {};
}

struct PathOutcome {
  VerifiedPeer& verified;
  std::string& root;
  int* x509_error;
};

Result<void> verify_path(std::span<X509* const> chain, const DomainRoots& roots, WallTime now, PathOutcome outcome) {
  if (roots.empty()) return invalid(str_cat("all roots of ", roots.trust_domain().name(), " are revoked"));
  std::unique_ptr<STACK_OF(X509), BorrowedStackDelete> shown(sk_X509_new_null());
  for (X509* certificate : chain.subspan(1)) sk_X509_push(shown.get(), certificate);
  HEDDLE_TRY(auto context, path_context(chain, shown.get(), roots.store(), now));
  if (X509_verify_cert(context.get()) != 1) {
    if (outcome.x509_error != nullptr) *outcome.x509_error = X509_STORE_CTX_get_error(context.get());
    return chain_error(context.get(), roots.trust_domain());
  }
  ERR_clear_error();
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  outcome.root = fingerprint_of(sk_X509_value(path, sk_X509_num(path) - 1));
  return walk_path(path, outcome.verified);
}
}  // namespace

bool has_root(const TrustBundle& bundle, const PeerCertificate& peer) {
  if (!peer.spiffe_id()) return false;
  const DomainRoots* roots = bundle.find(peer.spiffe_id()->trust_domain_name());
  if (roots == nullptr) return false;
  return std::find(roots->pins().begin(), roots->pins().end(), peer.root()) != roots->pins().end();
}

std::optional<std::string> broken_leaf_rule(const PeerCertificate& leaf) {
  auto broken = broken_name_rule(leaf);
  return broken ? broken : broken_usage_rule(leaf);
}

Result<VerifiedPeer> verify_peer(std::span<X509* const> chain, const TrustBundle& bundle, WallTime now,
                                 int* x509_error) {
  HEDDLE_CHECK_OK(check_shown(chain));
  HEDDLE_TRY(auto leaf, PeerCertificate::from_x509(chain[0]));
  if (auto broken = broken_leaf_rule(leaf)) return invalid(*std::move(broken));
  const DomainRoots* roots = bundle.find(leaf.spiffe_id()->trust_domain_name());
  if (roots == nullptr) {
    return make_error(Reason::kPeerTrustDomainUnknown,
                      str_cat("no bundle for the trust domain of ", leaf.spiffe_id()->text()));
  }
  VerifiedPeer verified{nullptr, leaf.not_before(), leaf.not_after()};
  std::string root;
  HEDDLE_CHECK_OK(verify_path(chain, *roots, now, {verified, root, x509_error}));
  leaf.set_root(std::move(root));
  verified.peer = std::make_shared<const PeerCertificate>(std::move(leaf));
  return verified;
}

Result<VerifiedPeer> verify_peer(const CertChain& chain, const TrustBundle& bundle, WallTime now, int* x509_error) {
  std::vector<X509*> raw;
  for (const X509Shared& certificate : chain) raw.push_back(certificate.get());
  return verify_peer(std::span<X509* const>(raw), bundle, now, x509_error);
}

Result<VerifiedPeer> verify_peer(X509* leaf, const STACK_OF(X509) * shown, const TrustBundle& bundle, WallTime now) {
  std::vector<X509*> raw;
  if (leaf != nullptr) raw.push_back(leaf);
  int count = shown == nullptr ? 0 : sk_X509_num(shown);
  for (int i = 0; i < count; ++i) {
    X509* certificate = sk_X509_value(shown, i);
    if (i > 0 || certificate != leaf) raw.push_back(certificate);
  }
  return verify_peer(std::span<X509* const>(raw), bundle, now);
}
}  // namespace heddle
