#include "control/federation/federated_bundles.h"

#include "certs/digest.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error does_not_fit(std::string_view domain, size_t bytes) {
  return make_error(Reason::kTooLarge, str_cat("the bundle of ", domain, " (", std::to_string(bytes),
                                               " bytes) does not fit: all bundles together have at most 768 KiB"));
}

Result<void> check_successor(const DomainRoots& held, const DomainRoots& next) {
  auto was = held.notes().sequence;
  auto is = next.notes().sequence;
  if (!was) return {};
  auto refuse = [&](std::string_view what) {
    return make_error(Reason::kConflict,
                      str_cat("bundle of ", next.trust_domain().name(), what, std::to_string(*was),
                              "; to start anew, delete the FederatedTrustDomain or give it another bundle"));
  };
  if (!is) return refuse(" has no spiffe_sequence, ours is ");
  if (*is < *was) return refuse(str_cat(" has sequence ", std::to_string(*is), ", ours is "));
  if (*is == *was && next.digest() != held.digest()) return refuse(" has other roots than ours of the same sequence, ");
  return {};
}

std::string hash_of(const std::string& text) { return text.empty() ? std::string() : to_hex(sha256(as_bytes(text))); }

bool has_same_endpoint(const FederatedTrustDomainSpec& a, const FederatedTrustDomainSpec& b) {
  if (!a.endpoint || !b.endpoint) return a.endpoint.has_value() == b.endpoint.has_value();
  return a.endpoint->url == b.endpoint->url && a.endpoint->profile == b.endpoint->profile &&
         a.endpoint->id == b.endpoint->id;
}
}  // namespace

std::string_view to_text(BundleSource source) noexcept {
  constexpr std::string_view kNames[] = {"none", "given", "endpoint"};
  return kNames[static_cast<size_t>(source)];
}

FederatedBundles::Changes FederatedBundles::set(const SpecMap<FederatedTrustDomainSpec>& specs) {
  std::map<std::string, std::shared_ptr<const FederatedTrustDomainSpec>> wanted;
  for (const auto& [key, spec] : specs) {
    bool has_room = wanted.size() < kMaxFederatedDomains;  // apply refuses more; whoever reads would refuse all
    if (has_room && *spec->trust_domain != own_) wanted.emplace(spec->trust_domain->name(), spec);
  }
  Changes out;
  for (const auto& [name, row] : rows_) {
    if (!wanted.contains(name)) out.gone.push_back(name);
  }
  for (const std::string& name : out.gone) rows_.erase(name);
  out.obsolete = out.gone;
  for (const auto& [name, spec] : wanted) adopt(name, spec, out);
  publish();
  return out;
}

void FederatedBundles::adopt(const std::string& name, const std::shared_ptr<const FederatedTrustDomainSpec>& spec,
                             Changes& out) {
  auto [at, is_new] = rows_.try_emplace(name, FederatedDomain{spec});
  FederatedDomain& row = at->second;
  bool is_moved = is_new || !has_same_endpoint(*row.spec, *spec);
  row.spec = spec;
  std::string given = hash_of(spec->bundle_text);
  bool is_given = given != row.given || (!spec->endpoint && row.source == BundleSource::kEndpoint);
  row.given = std::move(given);
  if (!is_moved && !is_given) return;
  row.failures = 0;
  row.problem.clear();
  if (is_given) give(row);
  if (is_given && !is_new) out.obsolete.push_back(name);
  out.asked_anew.push_back(name);
}

// What was fetched stays where the resource gives nothing any more; what was given does not.
void FederatedBundles::give(FederatedDomain& row) {
  if (row.spec->bundle == nullptr) {
    if (row.source == BundleSource::kGiven) row.bundle.reset();
    if (row.source == BundleSource::kGiven) row.source = BundleSource::kNone;
    return;
  }
  FederatedBundle bundle{row.spec->bundle, row.spec->bundle_text};
  const std::string& name = row.spec->trust_domain->name();
  if (!fits(name, bundle)) {
    row.problem = does_not_fit(name, bundle.text.size()).detail;
    row.bundle.reset();  // what was replaced must not stay
    row.source = BundleSource::kNone;
    row.fetched.reset();
    return;
  }
  row.bundle = std::move(bundle);
  row.source = BundleSource::kGiven;
  row.fetched.reset();
}

bool FederatedBundles::restore(const StoredFederated& stored) {
  auto at = rows_.find(stored.trust_domain);
  if (at == rows_.end() || !at->second.spec->endpoint || at->second.given != stored.given) return false;
  FederatedDomain& row = at->second;
  row.bundle = stored.bundle;
  row.source = BundleSource::kEndpoint;
  row.fetched = stored.fetched;
  publish();
  return true;
}

Result<void> FederatedBundles::take(std::string_view domain, FederatedBundle bundle, WallTime now) {
  auto at = rows_.find(domain);
  if (at == rows_.end()) return make_error(Reason::kNotFound, str_cat(domain, " is not federated any more"));
  FederatedDomain& row = at->second;
  Result<void> judged = row.bundle ? check_successor(*row.bundle->roots, *bundle.roots) : Result<void>();
  if (judged && !fits(domain, bundle)) judged = does_not_fit(domain, bundle.text.size());
  if (!judged) {
    note_failure(domain, judged.error());
    return judged;
  }
  row.bundle = std::move(bundle);
  row.source = BundleSource::kEndpoint;
  row.fetched = now;
  row.failures = 0;
  row.problem.clear();
  publish();
  return {};
}

void FederatedBundles::note_failure(std::string_view domain, const Error& why) {
  auto at = rows_.find(domain);
  if (at == rows_.end()) return;
  ++at->second.failures;
  at->second.problem = why.text();
}

StoredFederated FederatedBundles::to_store(std::string_view domain) const {
  const FederatedDomain& row = *find(domain);
  return {std::string(domain), row.given, *row.fetched, *row.bundle};
}

const FederatedDomain* FederatedBundles::find(std::string_view domain) const {
  auto at = rows_.find(domain);
  return at == rows_.end() ? nullptr : &at->second;
}

DomainRoots::Ptr FederatedBundles::roots_of(std::string_view domain) const {
  const FederatedDomain* row = find(domain);
  return row == nullptr || !row->bundle ? nullptr : row->bundle->roots;
}

bool FederatedBundles::fits(std::string_view domain, const FederatedBundle& bundle) const {
  size_t bytes = bundle.text.size();
  for (const auto& [name, row] : rows_) {
    if (name != domain && row.bundle) bytes += row.bundle->text.size();
  }
  return bytes <= kMaxFederatedBytes;
}

void FederatedBundles::publish() {
  FederatedTrust next;
  for (const auto& [name, row] : rows_) {
    if (!row.bundle) continue;
    next.texts.emplace(name, row.bundle->text);
    next.bundle.replace(row.bundle->roots);
    next.bytes += row.bundle->text.size();
  }
  next.digest = federated_digest(next.bundle, own_);
  trust_ = std::move(next);
}
}  // namespace heddle
