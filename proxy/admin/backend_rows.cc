#include "proxy/admin/backend_rows.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "proxy/upstream/endpoint_tls.h"

namespace heddle {
namespace {
// A wall clock that was set back makes nothing younger than now.
Duration age_of(WallTime at, WallTime now) { return std::max(Duration{}, now - at); }

std::string reasons_down(Flags<HealthFlag> flags) {
  std::vector<std::string> out;
  if (flags.has(HealthFlag::kCheckFailed)) out.emplace_back("a check of another backend set failed");
  if (flags.has(HealthFlag::kEjected)) out.emplace_back("ejected as an outlier");
  if (flags.has(HealthFlag::kDraining)) out.emplace_back("draining");
  return join(out, ", ");
}

void read_state(BackendRow& row, const EndpointHealth& health, const std::optional<CheckStatus>& checked) {
  if (health.usable()) {
    row.state = checked ? BackendState::kUp : BackendState::kNotChecked;
    return;
  }
  row.state = BackendState::kDown;
  row.why = checked && !checked->is_up ? checked->why_down : reasons_down(health.flags());
}

void read_outlier(BackendRow& row, const OutlierEndpoint& endpoint, MonoTime now) {
  BackendOutlier out;
  out.state = endpoint.state();
  out.ejections = endpoint.ejections();
  if (out.ejections > 0) {
    out.why = to_text(endpoint.why());
    out.cause = to_text(endpoint.why().cause);
  }
  if (out.state == OutlierState::kEjected) out.left = std::max(Duration{}, endpoint.until() - now);
  if (out.state != OutlierState::kIn) {
    if (row.state != BackendState::kDown) row.why = str_cat("ejected: ", out.why);
    row.state = BackendState::kDown;
  }
  row.outlier = std::move(out);
}

void read_numbers(BackendRow& row, const EndpointHealth& health, WallTime now) {
  row.sessions = health.connections();
  row.sessions_total = health.sessions();
  row.requests_active = health.in_flight();
  row.requests = health.requests();
  row.bytes_in = health.bytes_sent();
  row.bytes_out = health.bytes_received();
  row.errors = health.errors();
  row.connect_errors = std::min(health.connect_errors(), row.errors);  // workers count on meanwhile
  row.checks_failed = health.failed_checks();
  row.times_down = health.transitions_down();
  row.downtime = health.downtime(now);
  if (health.last_transition() != WallTime()) row.last_change = age_of(health.last_transition(), now);
}

BackendRow make_row(const BackendSetEntry& entry, const Endpoint& endpoint, const OutlierGroup* group,
                    const BackendSources& from) {
  WallTime now = from.clock.wall();
  auto health = from.health.get(health_key(endpoint.key));
  auto checked = from.checker.status(parent_or_own_key(*entry.spec), endpoint.key);
  BackendRow row;
  row.address = endpoint.address().text();
  if (endpoint.key.identity) row.identity = endpoint.key.identity->text();
  row.zone = endpoint.traits->zone;
  row.weight = endpoint.weight;
  read_state(row, *health, checked);
  read_numbers(row, *health, now);
  if (checked && !checked->last_failure.why.empty()) {
    row.last_failure = checked->last_failure.why;
    row.last_failure_age = age_of(checked->last_failure.at, now);
  }
  if (group != nullptr) {
    if (auto endpoint_outlier = group->find(endpoint.key)) read_outlier(row, *endpoint_outlier, from.clock.now());
  }
  CheckReport last = health->last_check();
  if (!checked || last.at == WallTime()) return row;
  row.last_check =
      BackendCheck{entry.health->active.front().kind, last.reason, last.status, last.took, age_of(last.at, now)};
  return row;
}

// Whose endpoints they are, and who says how they are balanced.
void name_sources(const BackendSetEntry& entry, BackendTable& table) {
  const BackendSetSpec& spec = *entry.spec;
  if (is_subset(spec)) {
    table.subset_of = str_cat(spec.key.ns, "/", spec.subset->parent, ": ", labels_text(spec.subset->labels));
  }
  const TrafficPolicySpec* policy = lb_policy_of(entry.parts);
  if (policy != nullptr) table.balanced_by = str_cat("TrafficPolicy ", policy->key.ns, "/", policy->key.name);
}
}  // namespace

std::string_view to_text(BackendState state) noexcept {
  constexpr std::string_view kNames[] = {"UP", "DOWN", "no check"};
  return kNames[static_cast<size_t>(state)];
}

BackendTotals totals_of(const BackendTable& table) {
  BackendTotals totals;
  for (const BackendRow& row : table.rows) {
    totals.usable += row.state != BackendState::kDown ? 1 : 0;
    totals.weight += row.state != BackendState::kDown ? row.weight : 0;
    totals.sum.sessions += row.sessions;
    totals.sum.sessions_total += row.sessions_total;
    totals.sum.requests_active += row.requests_active;
    totals.sum.requests += row.requests;
    totals.sum.bytes_in += row.bytes_in;
    totals.sum.bytes_out += row.bytes_out;
    totals.sum.errors += row.errors;
    totals.sum.connect_errors += row.connect_errors;
    totals.sum.checks_failed += row.checks_failed;
    totals.sum.times_down += row.times_down;
  }
  return totals;
}

std::vector<BackendTable> collect_backends(const Snapshot& snapshot, const BackendSources& from) {
  std::vector<BackendTable> tables;
  auto resolved = from.dns != nullptr ? from.dns->resolved().current() : nullptr;
  for (const auto& entry : snapshot.backend_sets()) {
    if (entry == nullptr) continue;
    const BackendSetSpec& spec = *entry->spec;
    BackendTable table{str_cat(spec.key.ns, "/", spec.key.name),
                       std::string(to_text(spec.lb.policy)),
                       std::string(to_text(spec.tls)),
                       {}};
    name_sources(*entry, table);
    if (from.dns != nullptr && spec.dns) table.dns = from.dns->status(spec.key);
    auto found = resolved != nullptr && spec.dns ? resolved->share(spec.key) : nullptr;
    BackendSetSpecPtr whole = with_endpoints(entry->spec, found.get());
    auto group = from.health.outliers().find(spec.key);
    for (const Endpoint& endpoint : whole->endpoints) {
      table.rows.push_back(make_row(*entry, endpoint, group.get(), from));
    }
    tables.push_back(std::move(table));
  }
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return tables;
}
}  // namespace heddle
