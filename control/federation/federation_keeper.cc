#include "control/federation/federation_keeper.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
SpecMap<FederatedTrustDomainSpec> specs_in(const View& view) {
  SpecMap<FederatedTrustDomainSpec> out;
  view.for_each(Kind::kFederatedTrustDomain, [&out](const StoredResource::Ptr& resource) {
    if (!resource->spec()) return;  // of a later version; said at the start
    const auto* spec = std::get_if<std::shared_ptr<const FederatedTrustDomainSpec>>(&*resource->spec());
    if (spec != nullptr) out.emplace(resource->key(), *spec);
  });
  return out;
}
}  // namespace

FederationKeeper::FederationKeeper(Parts parts)
    : parts_(std::move(parts)), bundles_(parts_.own), timer_(parts_.scheduler.timer([this] { turn(); })) {}

Result<void> FederationKeeper::open() {
  HEDDLE_TRY(LoadedFederated loaded, load_federated(parts_.directory));
  read_resources();
  for (const Error& why : loaded.bad) {
    parts_.log.error("a kept bundle cannot be read and counts for nothing", {{"error", why}});
  }
  for (const StoredFederated& stored : loaded.good) {
    if (bundles_.restore(stored)) continue;
    forget_kept(stored.trust_domain);
  }
  commits_ = parts_.store.on_commit([this](Version) { follow(); });
  return {};
}

void FederationKeeper::stop() {
  timer_->cancel();
  endpoints_.clear();
  commits_ = {};
}

FederatedBundles::Changes FederationKeeper::read_resources() {
  specs_ = specs_in(parts_.store.view());
  FederatedBundles::Changes changes = bundles_.set(specs_);
  for (const std::string& name : changes.gone) endpoints_.erase(name);
  for (const std::string& name : changes.asked_anew) {
    endpoints_.erase(name);  // who is being asked is not heard any more
    if (!bundles_.find(name)->spec->endpoint) continue;
    endpoints_.emplace(name, Endpoint{FetchSchedule(parts_.random, parts_.scheduler.now()), nullptr});
  }
  return changes;
}

void FederationKeeper::follow() {
  if (specs_in(parts_.store.view()) == specs_) return;  // the store shares what did not change
  std::string before = bundles_.trust().digest;
  FederatedBundles::Changes changes = read_resources();
  for (const std::string& name : changes.asked_anew) {
    const std::string& problem = bundles_.find(name)->problem;
    if (!problem.empty()) parts_.log.warn("a given bundle is not used", {{"trust_domain", name}, {"error", problem}});
  }
  for (const std::string& name : changes.obsolete) forget_kept(name);
  for (const std::string& name : changes.gone) {
    parts_.log.info("a trust domain is not federated any more", {{"trust_domain", name}});
  }
  bool is_other_list = !changes.gone.empty() || !changes.asked_anew.empty();
  if (is_other_list && on_domains_) on_domains_();
  tell(before);
}

void FederationKeeper::tell(const std::string& digest_before) {
  const FederatedTrust& trust = bundles_.trust();
  if (trust.digest == digest_before) return;
  parts_.log.info("sidecars are told of federated bundles", {{"domains", trust.texts.size()}, {"bytes", trust.bytes}});
  if (on_trust_) on_trust_();
}

void FederationKeeper::turn() {
  timer_->arm(kEvery);
  forget_again();
  for (auto& [name, endpoint] : endpoints_) {
    if (asking() >= kMaxAtOnce) return;
    if (endpoint.fetch == nullptr && endpoint.schedule.is_due(parts_.scheduler.now())) ask(name, endpoint);
  }
}

void FederationKeeper::ask(const std::string& name, Endpoint& endpoint) {
  const FederationEndpoint& where = *bundles_.find(name)->spec->endpoint;
  FetchRequest request{*bundles_.find(name)->spec->trust_domain, where, nullptr};
  if (where.profile == BundleProfile::kHttpsSpiffe) {
    request.endpoint_roots = roots_for(where);
    if (request.endpoint_roots == nullptr) {
      return on_fetched(
          name, make_error(Reason::kUnavailable, str_cat("there is no bundle of ", where.id->trust_domain_name(),
                                                         " yet, to prove that the endpoint is ", where.id->text())));
    }
  }
  endpoint.fetch = parts_.fetcher.fetch(
      std::move(request), [this, name](Result<FederatedBundle> fetched) { on_fetched(name, std::move(fetched)); });
}

// The newest we have of the domain that the endpoint's id is of (Federation §5.2.2.4).
DomainRoots::Ptr FederationKeeper::roots_for(const FederationEndpoint& endpoint) const {
  TrustDomain domain = endpoint.id->trust_domain();
  return domain == parts_.own ? parts_.own_roots() : bundles_.roots_of(domain.name());
}

void FederationKeeper::on_fetched(const std::string& domain, Result<FederatedBundle> fetched) {
  std::string name = domain;  // NOLINT(performance-unnecessary-copy-initialization): the argument dies with the token
  Endpoint& endpoint = endpoints_.find(name)->second;
  Pending ended = std::move(endpoint.fetch);
  MonoTime now = parts_.scheduler.now();
  bool was_failing = bundles_.find(name)->failures > 0;
  std::string problem = bundles_.find(name)->problem;
  std::string before = bundles_.trust().digest;
  if (!fetched) bundles_.note_failure(name, fetched.error());
  Result<void> taken = fetched ? bundles_.take(name, *std::move(fetched), parts_.scheduler.wall())
                               : Result<void>(std::move(fetched).error());
  if (!taken) {
    endpoint.schedule.failed(now);
    if (bundles_.find(name)->problem == problem) return;
    return parts_.log.warn("a federated bundle could not be had, the last good one stays",
                           {{"trust_domain", name}, {"error", taken.error()}});
  }
  Duration hint = bundles_.roots_of(name)->notes().refresh_hint;
  // A change costs every sidecar a new trust bundle: a partner sets its pace only down to this.
  if (bundles_.trust().digest != before) hint = std::max(hint, DomainRoots::kDefaultRefreshHint);
  endpoint.schedule.succeeded(now, hint);
  if (was_failing) parts_.log.info("a federated bundle is to be had again", {{"trust_domain", name}});
  on_disk({name, false, [directory = parts_.directory, stored = bundles_.to_store(name)] {
             return save_federated(directory, stored);
           }});
  tell(before);
}

std::optional<WallTime> FederationKeeper::next_of(std::string_view domain) const {
  auto at = endpoints_.find(domain);
  if (at == endpoints_.end()) return std::nullopt;
  Duration left = at->second.schedule.next() - parts_.scheduler.now();
  return parts_.scheduler.wall() + std::max(left, Duration{});
}

size_t FederationKeeper::asking() const {
  return static_cast<size_t>(std::count_if(endpoints_.begin(), endpoints_.end(),
                                           [](const auto& entry) { return entry.second.fetch != nullptr; }));
}

void FederationKeeper::forget_kept(const std::string& domain) {
  on_disk({domain, true, [directory = parts_.directory, domain] { return remove_federated(directory, domain); }});
}

// Only what nobody is about to write.
void FederationKeeper::forget_again() {
  if (is_writing_ || stale_.empty()) return;
  std::vector<std::string> again(stale_.begin(), stale_.end());
  for (const std::string& domain : again) forget_kept(domain);
}

void FederationKeeper::on_disk(Job job) {
  jobs_.push_back(std::move(job));
  next_job();
}

void FederationKeeper::next_job() {
  if (is_writing_ || jobs_.empty()) return;
  is_writing_ = true;
  auto result = std::make_shared<Result<void>>();
  auto job = std::make_shared<const Job>(std::move(jobs_.front()));
  jobs_.pop_front();
  job_ = parts_.run_offload([result, job] { *result = job->work(); },
                            [this, result, job] {
                              is_writing_ = false;
                              on_written(*job, *result);
                              next_job();
                            });
}

// A removal that failed is said once, however often it is tried.
void FederationKeeper::on_written(const Job& job, const Result<void>& result) {
  if (result) {
    stale_.erase(job.domain);
    return;
  }
  if (job.is_removal && !stale_.insert(job.domain).second) return;
  parts_.log.error("what is kept of federated bundles is not the newest", {{"error", result.error()}});
}
}  // namespace heddle
