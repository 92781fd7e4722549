#include "control/plan/plan_replay.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
// What a sidecar answers since its configuration says so; everything else a request meets on its way.
constexpr Reason kConfigured[] = {Reason::kServiceUnknown, Reason::kRouteNotFound,  Reason::kBackendSetMissing,
                                  Reason::kRouteRedirect,  Reason::kDirectResponse, Reason::kCorsPreflight,
                                  Reason::kFaultAbort,     Reason::kAuthzDenied};

bool is_configured(std::string_view reason) {
  return std::any_of(std::begin(kConfigured), std::end(kConfigured),
                     [reason](Reason one) { return info(one).name == reason; });
}

// Whether that is what the sidecar did, as far as it says. An answer of the application or a failure on the way is as
// good as having been sent on.
bool agrees(const RequestFact& fact, const PlanAnswer& found) {
  if (is_configured(fact.reason) || found.reason != Reason::kNone) {
    if (fact.reason != info(found.reason).name) return false;
  }
  if (fact.direction == FactDirection::kInbound) return true;
  if (!fact.route.empty() && fact.route != found.route) return false;
  return fact.backend_set.empty() || found.backend_set.empty() || fact.backend_set == found.backend_set;
}

// "BackendSet default/hello" of a key's text.
std::string words(const std::string& key_text) {
  Result<ResourceKey> key = ResourceKey::parse(key_text);
  return key ? str_cat(info(key->kind).name, " ", key->ns, "/", key->name) : key_text;
}

// "AuthorizationPolicy default/x rule 2" of "AuthorizationPolicy/default/x#2".
std::string policy_words(const std::string& policy) {
  if (policy.empty()) return "no policy";
  size_t mark = policy.find('#');
  std::string cause = mark == std::string::npos ? std::string() : policy.substr(mark + 1);
  std::string name = words(policy.substr(0, mark));
  if (cause == "default") return str_cat("the default of ", name);
  if (cause == "none") return str_cat(name, ", since no rule allows it");
  if (cause == "foreign") return str_cat(name, ", since no rule names its trust domain");
  return cause.empty() ? name : str_cat(name, " rule ", cause);
}

std::string answer_words(const PlanAnswer& answer) {
  return str_cat(answer.status == 0 ? "" : str_cat(std::to_string(answer.status), " "), info(answer.reason).name);
}

// "48,000"
std::string grouped(uint64_t number) {
  std::string out = std::to_string(number);
  for (size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string limit_words(const std::string& limit) {
  size_t space = limit.find(' ');
  return str_cat(words(limit.substr(0, space)), " limit", space == std::string::npos ? "" : limit.substr(space));
}

// Outbound and inbound requests to one service are not added up.
std::string total_key(FactDirection direction, const std::string& subject) {
  return str_cat(direction == FactDirection::kInbound ? "i" : "o", subject);
}

FactDirection direction_of(PlanEffect effect) {
  return effect < PlanEffect::kDenied ? FactDirection::kOutbound : FactDirection::kInbound;
}
}  // namespace

std::string_view to_text(PlanEffect effect) noexcept {
  constexpr std::string_view kNames[] = {"backend", "refused", "served",  "answer",   "forward",
                                         "denied",  "allowed", "limited", "unlimited"};
  return kNames[static_cast<size_t>(effect)];
}

std::string PlanGroup::text() const {
  std::string from = effect != PlanEffect::kDenied && effect != PlanEffect::kAllowed ? std::string()
                     : peer.empty()                                                  ? " from callers without identity"
                                                                                     : str_cat(" from ", peer);
  std::string who = str_cat(grouped(count), " of ", grouped(of), is_connections ? " connections" : " requests", " to ",
                            subject, from, " would ");
  switch (effect) {
    case PlanEffect::kBackend:
      return str_cat(who, "go to ", after, " instead of ", before);
    case PlanEffect::kRefused:
      return str_cat(who, "be answered ", after, " instead of going to ", before);
    case PlanEffect::kServed:
      return str_cat(who, "go to ", after, "; now they are answered ", before);
    case PlanEffect::kAnswer:
      if (before == after) return str_cat(who, "be answered ", after, " with another location");
      return str_cat(who, "be answered ", after, " instead of ", before);
    case PlanEffect::kForward:
      return str_cat(who, "reach ", after, " with another host or path");
    case PlanEffect::kDenied:
      return str_cat(who, "be denied by ", after);
    case PlanEffect::kAllowed:
      return str_cat(who, "be let in by ", after, "; now they are denied by ", before);
    case PlanEffect::kLimited:
      return str_cat(who, "be counted by ", after);
    case PlanEffect::kUnlimited:
      return str_cat(who, "be counted no more by ", before);
  }
  return who;
}

void PlanReplayer::add(const SidecarFacts& from) {
  ++out_.sidecars;
  out_.requests += from.facts.size();
  tells_seen_ = tells_seen_ && from.seen.has_value();
  out_.seen = out_.seen.value_or(0) + from.seen.value_or(0);
  for (const RequestFact& fact : from.facts) {
    KeptRequest request(fact, pool_);
    if (!request.is_whole()) {
      note_unknown({"a head of more than 64 KiB"});
    } else if (fact.direction == FactDirection::kOutbound) {
      outbound(fact, request);
    } else {
      inbound(fact, request, from.identity);
    }
  }
}

void PlanReplayer::note_unknown(const std::vector<std::string>& names) {
  ++out_.undecidable;
  for (const std::string& name : names) ++unknown_[name];
}

// False: it was counted otherwise.
bool PlanReplayer::is_usable(const RequestFact& fact, const PlanAnswer& before) {
  if (!before.is_known()) {
    note_unknown(before.unknown);
    return false;
  }
  if (agrees(fact, before)) return true;
  ++(fact.version == current_ ? out_.otherwise : out_.stale);
  return false;
}

void PlanReplayer::outbound(const RequestFact& fact, const KeptRequest& request) {
  ServiceRef was = before_.find_service(fact);
  ServiceRef now = after_.find_service(fact);
  const ServiceEntry* named = was.service != nullptr ? was.service : now.service;
  std::string subject = named == nullptr ? fact.host : str_cat(named->spec->key.ns, "/", named->spec->key.name);
  ++totals_[total_key(fact.direction, subject)];
  // The snapshots share what is the same. Who may see the service may depend on Workloads, too.
  bool is_open = was.service == nullptr || was.service->spec->visibility.scope == VisibilityScope::kMesh;
  if (was.service == now.service && was.port == now.port && is_open) {
    ++out_.same;
    return;
  }
  PlanAnswer before = before_.outbound(fact, request);
  if (!is_usable(fact, before)) return;
  PlanAnswer after = after_.outbound(fact, request);
  if (!after.is_known()) return note_unknown(after.unknown);
  compare_outbound(fact, subject, before, after);
}

void PlanReplayer::compare_outbound(const RequestFact& fact, const std::string& subject, const PlanAnswer& before,
                                    const PlanAnswer& after) {
  bool was_sent = before.reason == Reason::kNone;
  bool is_sent = after.reason == Reason::kNone;
  PlanGroup group{PlanEffect::kBackend, fact.method.empty(), subject};
  group.before = was_sent ? words(before.backend_set) : answer_words(before);
  group.after = is_sent ? words(after.backend_set) : answer_words(after);
  if (was_sent != is_sent) {
    group.effect = is_sent ? PlanEffect::kServed : PlanEffect::kRefused;
  } else if (group.before == group.after && before.sent_as == after.sent_as) {
    ++out_.same;
    return;
  } else if (!was_sent) {
    group.effect = PlanEffect::kAnswer;
  } else if (group.before == group.after) {
    group.effect = PlanEffect::kForward;
  }
  ++out_.changed;
  std::string as = after.sent_as;
  if (is_sent && group.effect != PlanEffect::kForward) as.clear();
  if (group.effect == PlanEffect::kForward && as.empty()) as = str_cat(fact.host, fact.path);
  note(std::move(group), fact, std::move(as));
}

// A fact that does not say whose it is may be of several workloads; then all of them must agree.
void PlanReplayer::inbound(const RequestFact& fact, const KeptRequest& request, const std::string& receiver) {
  if (!receiver.empty()) return inbound_at(fact, request, receiver);
  std::vector<std::string> candidates = before_.receivers_of(fact);
  if (candidates.empty()) return inbound_at(fact, request, "");
  const PlanPolicies& first_before = before_.policies_of(candidates.front(), fact.ns);
  const PlanPolicies& first_after = after_.policies_of(candidates.front(), fact.ns);
  bool all_alike = std::all_of(candidates.begin(), candidates.end(), [&](const std::string& one) {
    return before_.policies_of(one, fact.ns) == first_before && after_.policies_of(one, fact.ns) == first_after;
  });
  if (!all_alike) return note_unknown({"which workload received it"});
  inbound_at(fact, request, candidates.front());
}

void PlanReplayer::inbound_at(const RequestFact& fact, const KeptRequest& request, const std::string& receiver) {
  std::string subject = receiver.empty() ? str_cat("workloads of namespace ", fact.ns) : receiver;
  ++totals_[total_key(fact.direction, subject)];
  const PlanPolicies& was = before_.policies_of(receiver, fact.ns);
  const PlanPolicies& now = after_.policies_of(receiver, fact.ns);
  if (was == now) {
    ++out_.same;
    return;
  }
  PlanAnswer before = before_.inbound(fact, request, was, own_);
  if (!is_usable(fact, before)) return;
  PlanAnswer after = after_.inbound(fact, request, now, own_);
  if (!after.is_known()) return note_unknown(after.unknown);
  compare_inbound(fact, subject, before, after);
}

void PlanReplayer::compare_inbound(const RequestFact& fact, const std::string& subject, const PlanAnswer& before,
                                   const PlanAnswer& after) {
  PlanGroup group{PlanEffect::kDenied, fact.method.empty(), subject};
  if (before.reason != after.reason) {
    group.effect = after.reason == Reason::kNone ? PlanEffect::kAllowed : PlanEffect::kDenied;
    group.peer = fact.peer;
    group.before = policy_words(before.policy);
    group.after = policy_words(after.policy);
    ++out_.changed;
    return note(std::move(group), fact);
  }
  auto has = [](const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  bool differs = false;
  for (const std::string& limit : after.limits) {
    if (has(before.limits, limit)) continue;
    differs = true;
    note({PlanEffect::kLimited, group.is_connections, subject, "", "", limit_words(limit)}, fact);
  }
  for (const std::string& limit : before.limits) {
    if (has(after.limits, limit)) continue;
    differs = true;
    note({PlanEffect::kUnlimited, group.is_connections, subject, "", limit_words(limit), ""}, fact);
  }
  ++(differs ? out_.changed : out_.same);
}

void PlanReplayer::note(PlanGroup group, const RequestFact& fact, std::string sent_as) {
  GroupKey key{group.effect, group.is_connections, group.subject, group.peer, group.before, group.after};
  PlanGroup& kept = groups_.try_emplace(std::move(key), std::move(group)).first->second;
  ++kept.count;
  PlanExample example{fact.method, fact.host, fact.path, fact.peer, std::move(sent_as)};
  bool is_new = std::find(kept.examples.begin(), kept.examples.end(), example) == kept.examples.end();
  if (is_new && kept.examples.size() < PlanReplay::kMaxExamples) kept.examples.push_back(std::move(example));
}

PlanReplay PlanReplayer::take() {
  if (!tells_seen_ || out_.sidecars == 0) out_.seen.reset();
  for (auto& [key, group] : groups_) {
    group.of = totals_[total_key(direction_of(group.effect), group.subject)];
    out_.groups.push_back(std::move(group));
  }
  for (const auto& [what, count] : unknown_) out_.unknown.push_back({what, count});
  auto more = [](const auto& a, const auto& b) { return a.count > b.count; };
  std::stable_sort(out_.groups.begin(), out_.groups.end(), more);
  std::stable_sort(out_.unknown.begin(), out_.unknown.end(), more);
  out_.group_count = out_.groups.size();
  if (out_.groups.size() > PlanReplay::kMaxGroups) out_.groups.resize(PlanReplay::kMaxGroups);
  if (out_.unknown.size() > PlanReplay::kMaxUnknown) out_.unknown.resize(PlanReplay::kMaxUnknown);
  return std::move(out_);
}
}  // namespace heddle
