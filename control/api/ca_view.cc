#include "control/api/ca_view.h"

#include <algorithm>

#include "certs/peer_certificate.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
LiveSidecar connected(const NodeStatus& row) {
  LiveSidecar out{row.key.identity, row.key.node, row.serial, true, std::nullopt, row.key.instance};
  if (row.trust) out.uses = TrustInUse{row.trust->bundle, row.trust->authority};
  return out;
}

void write_root(JsonWriter& out, X509* certificate, std::string_view pin, std::string_view state) {
  out.begin_object().field("fingerprint", pin).field("state", state);
  out.field("notBefore", format_time(to_wall_time(X509_get0_notBefore(certificate))));
  out.field("notAfter", format_time(to_wall_time(X509_get0_notAfter(certificate)))).end_object();
}

std::string_view state_of(const CaState& state, const std::string& pin) {
  if (pin == root_pin(*state.signer)) return "signs";
  if (state.next != nullptr && pin == root_pin(*state.next)) return "prepared";
  if (state.old != nullptr && pin == state.old->pins().front()) return "retiring";
  return "trusted";
}

void write_roots(JsonWriter& out, const CaState& state, const DomainRoots& bundle) {
  out.key("roots").begin_array();
  for (size_t i = 0; i < bundle.pins().size(); ++i) {
    write_root(out, bundle.certificates()[i].get(), bundle.pins()[i], state_of(state, bundle.pins()[i]));
  }
  out.end_array();
}

// The certificates below the root that are sent along; empty where the root itself signs.
void write_chain(JsonWriter& out, const CertificateAuthority& signer) {
  out.key("chain").begin_array();
  for (const X509Shared& certificate : signer.issuers_shown()) {
    write_root(out, certificate.get(), fingerprint_of(certificate.get()), "intermediate");
  }
  out.end_array();
}

void write_outlook(JsonWriter& out, const CaOutlook& outlook) {
  constexpr std::string_view kAlarms[] = {"none", "warn", "error"};
  out.key("automatic").begin_object();
  if (outlook.next) {
    out.field("step", to_text(outlook.next->step)).field("at", format_time(outlook.next->at));
  }
  out.field("alarm", kAlarms[static_cast<size_t>(outlook.alarm)]).field("problem", outlook.problem).end_object();
}

void write_sidecar(JsonWriter& out, const RotationPlan& plan, const LiveSidecar& sidecar) {
  auto word = [&](bool is_newest) -> std::string_view {
    if (!sidecar.uses) return "unknown";
    return is_newest ? "newest" : "older";
  };
  out.begin_object().field("node", sidecar.node).field("instance", sidecar.instance);
  out.field("identity", sidecar.identity).field("serial", sidecar.serial);
  out.field("connected", sidecar.is_connected).field("bundle", word(plan.has_bundle(sidecar)));
  out.field("certificate", word(plan.has_signer(sidecar))).end_object();
}

void write_laggards(JsonWriter& out, const std::vector<Laggard>& laggards) {
  out.key("waitsFor").begin_array();
  for (const Laggard& laggard : laggards) {
    out.begin_object();
    if (!laggard.control_plane.empty()) out.field("controlPlane", laggard.control_plane);
    out.field("node", laggard.sidecar.node).field("instance", laggard.sidecar.instance);
    out.field("identity", laggard.sidecar.identity);
    out.field("serial", laggard.sidecar.serial).field("why", laggard.why).end_object();
  }
  out.end_array();
}
// Whose certificate it is among those of one name: of several the one that showed it; nobody, when none is known to.
LiveSidecar* owner_of(const Lineage& lineage, std::map<NodeKey, LiveSidecar>& named) {
  NodeKey name{lineage.identity, lineage.node};
  LiveSidecar* first = nullptr;
  size_t count = 0;
  for (auto at = named.lower_bound(name); at != named.end() && at->first.name() == name; ++at, ++count) {
    const std::string& shown = at->second.serial;
    if (!shown.empty() && (shown == lineage.latest || shown == lineage.previous)) return &at->second;
    if (first == nullptr) first = &at->second;
  }
  return count == 1 ? first : nullptr;
}

bool has_name(const std::map<NodeKey, LiveSidecar>& named, const NodeKey& name) {
  auto at = named.lower_bound(name);
  return at != named.end() && at->first.name() == name;
}
}  // namespace

// Of several certificates of one sidecar, and of one that is connected, one row tells all. Two that are connected with
// one name are two.
std::vector<LiveSidecar> live_sidecars(const std::vector<NodeStatus>& rows, const std::vector<Lineage>& lineages,
                                       WallTime now) {
  std::map<NodeKey, LiveSidecar> named;
  std::vector<LiveSidecar> unnamed;
  for (const NodeStatus& row : rows) {
    if (row.is_connected) named.emplace(row.key, connected(row));
  }
  for (const Lineage& lineage : lineages) {
    if (lineage.not_after <= now) continue;
    LiveSidecar away{lineage.identity, lineage.node, lineage.latest, false, std::nullopt};
    if (lineage.node.empty()) {
      unnamed.push_back(std::move(away));
      continue;
    }
    NodeKey name{lineage.identity, lineage.node};
    LiveSidecar* owner = owner_of(lineage, named);
    if (owner != nullptr) owner->serial = lineage.latest;
    if (!has_name(named, name)) named.emplace(std::move(name), std::move(away));
  }
  std::vector<LiveSidecar> out;
  out.reserve(named.size() + unnamed.size());
  for (auto& [key, sidecar] : named) out.push_back(std::move(sidecar));
  out.insert(out.end(), std::make_move_iterator(unnamed.begin()), std::make_move_iterator(unnamed.end()));
  return out;
}

std::vector<ControlPlaneTrust> other_control_planes(const std::vector<ReplicaSight>& replicas, WallTime now) {
  std::vector<ControlPlaneTrust> out;
  for (const ReplicaSight& replica : replicas) {
    ControlPlaneTrust other{replica.name, replica.connected};
    if (!replica.is_heard) other.unheard = std::max(now - replica.since, Duration(0));
    if (replica.trust) other.uses = TrustInUse{replica.trust->bundle, replica.trust->authority};
    out.push_back(std::move(other));
  }
  return out;
}

std::string ca_json(const CaView& view, const RotationPlan& plan) {
  const CaState& state = view.state;
  const DomainRoots& bundle = view.bundle;
  std::string body;
  JsonWriter out(body);
  RotationStep next = next_step(state.phase);
  out.begin_object().field("phase", to_text(state.phase)).field("since", format_time(state.since));
  out.field("sequence", state.sequence).field("bundle", bundle.digest());
  out.field("source", std::string_view(view.outlook.is_given ? "files" : "own"));
  write_roots(out, state, bundle);
  write_chain(out, *state.signer);
  write_outlook(out, view.outlook);
  out.key("sidecars").begin_array();
  for (const LiveSidecar& sidecar : plan.live()) write_sidecar(out, plan, sidecar);
  out.end_array().field("next", to_text(next));
  write_laggards(out, plan.laggards(next));
  out.end_object();
  return body;
}
}  // namespace heddle
