#include "bench/control/fleet.h"

#include <algorithm>

#include "bench/control/sidecar.h"
#include "lib/base/strings.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr Duration kLifetime = 24h;

Result<Svid> issue(const CertificateAuthority& authority, const std::shared_ptr<const PrivateKey>& key,
                   const SpiffeId& id, WallTime now) {
  HEDDLE_TRY(Csr request, Csr::create(*key, id));
  HEDDLE_TRY(SignedSvid made, authority.sign(request, id, kLifetime, now));
  return Svid::from_pem(made.chain_pem, key, made.issued_at);
}

std::string member(std::string_view name, uint64_t value) { return str_cat("\"", name, "\":", std::to_string(value)); }
}  // namespace

SimulatedFleet::SimulatedFleet(Access, Loop& the_loop, FleetOptions the_options, SpiffeId the_control)
    : loop(the_loop),
      options(std::move(the_options)),
      protocols(loop, HttpLimits::mesh()),
      tcp(loop),
      control(std::move(the_control)),
      wanted_(options.services) {
  double sum = 0;
  for (uint32_t i = 0; i < options.services; ++i) cumulated_.push_back(sum += 1.0 / (i + 1));
}

SimulatedFleet::~SimulatedFleet() {
  sidecars_.clear();
  registry.abort_all(make_error(Reason::kDraining, "the bench is over"));
  loop.run_until([this] { return registry.size() == 0; });
}

Result<std::unique_ptr<SimulatedFleet>> SimulatedFleet::create(Loop& loop, FleetOptions options) {
  HEDDLE_TRY(SpiffeId control,
             SpiffeId::parse(str_cat("spiffe://", options.trust_domain, "/ns/heddle-system/sa/heddle-control")));
  auto fleet = std::make_unique<SimulatedFleet>(Access(), loop, std::move(options), control);
  HEDDLE_CHECK_OK(fleet->populate());
  return fleet;
}

// One key for all: a certificate is what the control plane tells them apart by, and what its handshake costs.
Result<void> SimulatedFleet::populate() {
  HEDDLE_TRY(TrustDomain domain, TrustDomain::parse(options.trust_domain));
  HEDDLE_TRY(CertificateAuthority::Ptr authority,
             CertificateAuthority::from_pem(domain, options.ca_certificates, options.ca_key));
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(authority->roots());
  HEDDLE_TRY(std::shared_ptr<const PrivateKey> key, PrivateKey::generate());
  for (uint32_t i = 0; i < options.sidecars; ++i) {
    SidecarPlan plan{options.first + i, draw_wants((options.first + i) % options.services)};
    for (uint32_t service : plan.wants) ++wanted_[service];
    std::string account = std::to_string(plan.number % options.services);
    HEDDLE_TRY(SpiffeId id,
               SpiffeId::parse(str_cat("spiffe://", options.trust_domain, "/ns/default/sa/app-", account)));
    HEDDLE_TRY(Svid svid, issue(*authority, key, id, loop.wall()));
    TlsMaterial material{std::make_shared<const Svid>(std::move(svid)), bundle};
    HEDDLE_TRY(std::shared_ptr<const TlsContext> context,
               TlsContext::create(material, {TlsRole::kClient, PeerCertificatePolicy::kRequired, {"h2"}}));
    sidecars_.push_back(std::make_unique<SimulatedSidecar>(*this, std::move(plan), std::move(context)));
  }
  return {};
}

std::vector<uint32_t> SimulatedFleet::draw_wants(uint32_t account) const {
  SeededRandom draws(options.seed * 1'000'003 + account);
  std::vector<uint32_t> out;
  uint32_t most = std::min(options.wants, options.services);
  for (int tries = 0; out.size() < most && tries < 1000; ++tries) {
    auto at = std::upper_bound(cumulated_.begin(), cumulated_.end(), draws.unit() * cumulated_.back());
    auto last = static_cast<std::ptrdiff_t>(cumulated_.size()) - 1;
    auto service = static_cast<uint32_t>(std::min(at - cumulated_.begin(), last));
    if (std::find(out.begin(), out.end(), service) == out.end()) out.push_back(service);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void SimulatedFleet::connect_all() {
  for (auto& sidecar : sidecars_) sidecar->connect();
}

std::string SimulatedFleet::wanted() const {
  std::string out = "{\"wanted\":[";
  for (size_t i = 0; i < wanted_.size(); ++i) out.append(i == 0 ? "" : ",").append(std::to_string(wanted_[i]));
  return out + "]}";
}

std::string SimulatedFleet::report() const {
  std::string out = str_cat("{", member("now", now()), ",", member("arrivals", arrivals.size()));
  const std::pair<const char*, uint64_t> rows[] = {{"connected", counts.connected},
                                                   {"synced", counts.synced},
                                                   {"failed", counts.failed},
                                                   {"retry_after", counts.retry_after},
                                                   {"drained", counts.drained},
                                                   {"snapshots", counts.snapshots},
                                                   {"deltas", counts.deltas},
                                                   {"heartbeats", counts.heartbeats},
                                                   {"wrong", counts.wrong},
                                                   {"delta_bytes", counts.delta_bytes},
                                                   {"snapshot_bytes", counts.snapshot_bytes},
                                                   {"last_connected", counts.last_connected},
                                                   {"last_synced", counts.last_synced}};
  for (const auto& [name, value] : rows) out.append(",").append(member(name, value));
  return out + "}";
}

std::string SimulatedFleet::take_arrivals() {
  std::string out = "{\"arrivals\":[";
  for (const Arrival& arrival : arrivals) {
    if (out.back() == ']') out.push_back(',');
    out.append("[").append(std::to_string(arrival.service)).append(",").append(std::to_string(arrival.at)).append("]");
  }
  arrivals.clear();
  return out + "]}";
}
}  // namespace heddle
