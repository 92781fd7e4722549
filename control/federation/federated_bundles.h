// FederatedBundles: which bundle of each federated trust domain is in force, and why. Fed with the resources, with what
// endpoints answered and with what the disk kept; publishes one value for whoever tells the sidecars. Rules:
// - a given bundle (spec.bundle) counts until the endpoint answered, and where there is none; one that changes
//   replaces what was fetched;
// - a bad answer leaves the last good bundle in force, without end, and is said;
// - spiffe_sequence never goes back: a lower one is refused, the same one with other roots too, and so is a document
//   without one once there was one with one (Trust Domain and Bundle §4.1.1);
// - all bundles together have at most kMaxFederatedBytes; what does not fit is refused, by name;
// - a domain without resource is gone at once.
// Pure: no clock, no disk, no loop.
#pragma once
#include <map>

#include "certs/federated_bundle.h"
#include "certs/trust_bundle.h"
#include "lib/api/federated.h"
#include "lib/config/model.h"

namespace heddle {
enum class BundleSource : uint8_t { kNone, kGiven, kEndpoint };
std::string_view to_text(BundleSource) noexcept;  // "none", "given", "endpoint"

struct FederatedDomain {
  std::shared_ptr<const FederatedTrustDomainSpec> spec;
  std::string given{};  // SHA-256 of the given bundle, hex; empty: none
  std::optional<FederatedBundle> bundle{};
  BundleSource source = BundleSource::kNone;
  std::optional<WallTime> fetched{};  // when the endpoint last gave a good answer
  uint32_t failures = 0;              // since then
  std::string problem{};              // of the newest failure; empty: none
};

// What the disk keeps of an answer.
struct StoredFederated {
  std::string trust_domain;
  std::string given;  // as of then: a resource with another bundle counts more
  WallTime fetched;
  FederatedBundle bundle;
};

// Everybody is told this whole.
struct FederatedTrust {
  FederatedTexts texts;
  TrustBundle bundle;
  std::string digest;  // federated_digest(); empty: no domain has a bundle
  size_t bytes = 0;
};

class FederatedBundles {
 public:
  using Rows = std::map<std::string, FederatedDomain, std::less<>>;
  explicit FederatedBundles(TrustDomain own) : own_(std::move(own)) {}

  struct Changes {
    std::vector<std::string> asked_anew;  // new ones, and those whose endpoint or given bundle changed
    std::vector<std::string> gone;
    std::vector<std::string> obsolete;  // what the disk keeps of these counts no more; those that are gone, too
  };
  // The resources are exactly these now. Of two for one domain the first counts, and none for our own.
  Changes set(const SpecMap<FederatedTrustDomainSpec>&);
  // At start-up, after set(). False: its domain is gone, or was given another bundle since.
  bool restore(const StoredFederated&);
  // A good answer of the domain's endpoint. kConflict and kTooLarge: it is refused, and noted as a failure.
  Result<void> take(std::string_view domain, FederatedBundle, WallTime now);
  void note_failure(std::string_view domain, const Error&);
  // What to keep of it; the domain must have a fetched bundle.
  StoredFederated to_store(std::string_view domain) const;

  const TrustDomain& own() const noexcept { return own_; }
  const Rows& rows() const noexcept { return rows_; }
  const FederatedDomain* find(std::string_view domain) const;
  // Of this domain now; null: none yet.
  DomainRoots::Ptr roots_of(std::string_view domain) const;
  const FederatedTrust& trust() const noexcept { return trust_; }

 private:
  void adopt(const std::string& name, const std::shared_ptr<const FederatedTrustDomainSpec>&, Changes&);
  void give(FederatedDomain&);
  bool fits(std::string_view domain, const FederatedBundle&) const;
  void publish();
  TrustDomain own_;
  Rows rows_;
  FederatedTrust trust_;
};
}  // namespace heddle
