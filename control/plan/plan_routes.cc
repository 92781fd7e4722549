#include "control/plan/plan_routes.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "control/plan/rule_text.h"
#include "lib/base/strings.h"
#include "lib/config/route_kinds.h"
#include "lib/decision/labels.h"

namespace heddle {
namespace {
using What = PlannedRoute::What;

// For whom a list of rules counts.
struct Place {
  std::string service;
  uint16_t port = 0;
  std::string clients;
  bool is_l4 = false;
  auto operator<=>(const Place&) const = default;
};

struct Row {
  std::string match;
  const RouteRule* rule = nullptr;
};

// The rules of one list; of equal matches the first is the one that is reached.
struct Rules {
  std::map<std::string, const RouteRule*> reached;
  std::vector<Row> shadowed;
  void add(Row row) {
    auto [at, is_first] = reached.try_emplace(row.match, row.rule);
    if (!is_first && at->second != row.rule) shadowed.push_back(std::move(row));
  }
};

using Table = std::map<Place, Rules>;

Rules rules_of(const Router& router) {
  Rules out;
  for (const RouteCandidate& candidate : router.candidates()) out.add({match_text(candidate), candidate.rule});
  return out;
}

// Any name below a wildcard: one that nobody has.
std::string probe_of(const std::string& hostname) {
  return hostname.starts_with("*.") ? str_cat("heddle-plan-probe", hostname.substr(1)) : hostname;
}

void add_l4(const L4Router& router, const BoundRoute& route, const std::string& hostname, Rules& out) {
  std::string match = hostname.empty() ? std::string("every connection") : str_cat("SNI ", hostname);
  const RouteRule* winner = router.match(probe_of(hostname)).rule;
  if (winner != nullptr) out.add({match, winner});
  out.add({match, route.rules.data()});
}

Rules rules_of(const L4Router& router) {
  Rules out;
  for (const auto& route : router.routes()) {
    if (route->rules.empty()) continue;
    if (route->spec->key.kind == Kind::kTcpRoute) add_l4(router, *route, "", out);
    if (route->spec->key.kind == Kind::kTcpRoute) continue;
    for (const std::string& hostname : route->spec->hostnames) add_l4(router, *route, hostname, out);
  }
  return out;
}

Table table_of(const ServiceEntry* service) {
  Table out;
  if (service == nullptr) return out;
  std::string name = short_name(service->spec->key);
  for (const ServicePortEntry& port : service->ports) {
    if (port.producer != nullptr) out[{name, port.number, "", false}] = rules_of(*port.producer);
    for (const auto& [ns, router] : port.consumers) out[{name, port.number, ns, false}] = rules_of(*router);
    if (port.l4 == nullptr) continue;
    if (port.l4->producer != nullptr) out[{name, port.number, "", true}] = rules_of(*port.l4->producer);
    for (const auto& [ns, router] : port.l4->consumers) out[{name, port.number, ns, true}] = rules_of(*router);
  }
  return out;
}

PlannedRoute row_of(What what, const Place& place, const std::string& match, const RouteRule& rule) {
  PlannedRoute out;
  out.what = what;
  out.service = place.service;
  out.port = place.port;
  out.clients = place.clients;
  out.match = match;
  out.rule = label(rule);
  return out;
}

void compare_reached(const Place& place, const Rules& before, const Rules& after, std::vector<PlannedRoute>& out) {
  for (const auto& [match, rule] : after.reached) {
    auto was = before.reached.find(match);
    bool is_new = was == before.reached.end();
    if (!is_new && does_the_same(*was->second, *rule)) continue;
    PlannedRoute& row = out.emplace_back(row_of(is_new ? What::kAdded : What::kChanged, place, match, *rule));
    row.after = does_text(*rule);
    if (is_new) continue;
    row.before = does_text(*was->second);
    if (row.before == row.after) row.after.append(difference_text(*was->second, *rule));
  }
  for (const auto& [match, rule] : before.reached) {
    if (after.reached.contains(match)) continue;
    out.emplace_back(row_of(What::kRemoved, place, match, *rule)).before = does_text(*rule);
  }
}

void compare_shadowed(const Place& place, const Rules& before, const Rules& after, std::vector<PlannedRoute>& out) {
  std::set<std::pair<std::string, std::string>> known;
  for (const Row& row : before.shadowed) known.emplace(row.match, label(*row.rule));
  for (const Row& row : after.shadowed) {
    if (!known.emplace(row.match, label(*row.rule)).second) continue;
    PlannedRoute& told = out.emplace_back(row_of(What::kShadowed, place, row.match, *row.rule));
    told.before = does_text(*row.rule);
    told.by = label(*after.reached.at(row.match));
  }
}

// The first routes of a port: what none of them matches was sent on before, and is refused then.
void note_uncovered(const Place& place, const Rules& after, std::vector<PlannedRoute>& out) {
  bool covers = place.is_l4 ? after.reached.contains("every connection")
                            : after.reached.contains("PathPrefix /") || after.reached.contains("every method");
  if (covers) return;
  PlannedRoute& row = out.emplace_back();
  row.what = What::kUncovered;
  row.service = place.service;
  row.port = place.port;
  row.clients = place.clients;
}

void compare_services(const ServiceEntry* before, const ServiceEntry* after, std::vector<PlannedRoute>& out) {
  const Rules none;
  Table was = table_of(before);
  Table now = table_of(after);
  for (const auto& [place, rules] : now) {
    auto old_one = was.find(place);
    bool had_none = old_one == was.end();
    const Rules& old_rules = had_none ? none : old_one->second;
    compare_reached(place, old_rules, rules, out);
    compare_shadowed(place, old_rules, rules, out);
    if (had_none && before != nullptr && before->find_port(place.port) != nullptr) note_uncovered(place, rules, out);
  }
  for (const auto& [place, rules] : was) {
    if (!now.contains(place)) compare_reached(place, rules, none, out);
  }
}

// Routes of a kind that gives way are no part of any router.
void add_conflicts(const Snapshot& before, const Snapshot& after, std::vector<PlannedRoute>& out) {
  std::set<std::string> known;
  auto text_of = [](const RouteConflict& c) { return str_cat(c.loser.text(), " ", c.text()); };
  for (const RouteConflict& conflict : route_conflicts(before.model())) known.insert(text_of(conflict));
  for (const RouteConflict& conflict : route_conflicts(after.model())) {
    if (known.contains(text_of(conflict))) continue;
    PlannedRoute& row = out.emplace_back();
    row.what = What::kShadowed;
    row.service = str_cat(conflict.service.ns, "/", conflict.service.name);
    row.port = conflict.port;
    row.match = "every rule";
    row.rule = label(conflict.loser);
    row.by = label(conflict.winner);
  }
}

using Services = std::map<ResourceKey, const ServiceEntry*>;
Services services_of(const Snapshot& snapshot) {
  Services out;
  for (const auto& service : snapshot.services()) out[service->spec->key] = service.get();
  return out;
}
}  // namespace

std::string_view to_text(What what) noexcept {
  constexpr std::string_view kNames[] = {"added", "removed", "changed", "shadowed", "uncovered"};
  return kNames[static_cast<size_t>(what)];
}

PlanRoutes plan_routes(const Snapshot& before, const Snapshot& after) {
  std::vector<PlannedRoute> all;
  Services was = services_of(before);
  for (const auto& [key, service] : services_of(after)) {
    auto old_one = was.extract(key);
    const ServiceEntry* old_service = old_one.empty() ? nullptr : old_one.mapped();
    if (old_service != service) compare_services(old_service, service, all);
  }
  for (const auto& [key, service] : was) compare_services(service, nullptr, all);
  add_conflicts(before, after, all);
  std::stable_sort(all.begin(), all.end(), [](const PlannedRoute& a, const PlannedRoute& b) {
    return std::tie(a.service, a.port, a.clients, a.what) < std::tie(b.service, b.port, b.clients, b.what);
  });
  PlanRoutes out;
  out.count = all.size();
  if (all.size() > PlanRoutes::kMaxRows) all.resize(PlanRoutes::kMaxRows);
  out.rows = std::move(all);
  return out;
}
}  // namespace heddle
