// decide(): the one code path that says where a request goes: for traffic, `explain` and `plan`. A pure function of the
// snapshot, the facts and the draw; without a trace it allocates nothing. What it answers points into the snapshot
// and is valid while that is pinned.
#pragma once
#include "lib/base/error.h"
#include "lib/decision/session_lookup.h"
#include "lib/decision/trace.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
struct DecisionInput {
  ServiceRef service;                     // what the client asked for, see Snapshot::resolve()
  std::string_view client_ns;             // of the application beside us: chooses between producer and consumer routes
  const RequestFacts* request = nullptr;  // nullptr: an opaque connection: TLSRoutes and TCPRoutes apply
  uint64_t draw = 0;                      // one per request or connection, kept with the facts
  std::string_view server_name{};         // of an opaque connection: the SNI of its ClientHello; empty: none
  const SessionLookup* sessions = nullptr;  // nullptr: nobody looks for a session
};

struct Decision {
  Reason reason = Reason::kNone;          // kServiceUnknown, kRouteNotFound, kBackendSetMissing
  const ServiceEntry* service = nullptr;  // also one that has another port
  const ServicePortEntry* port = nullptr;
  const RouteRule* rule = nullptr;            // nullptr: no route is attached; the port's own backend set
  const RouteCandidate* candidate = nullptr;  // by which the rule was found; nullptr of a connection's
  std::string_view matched_name{};            // of a TLSRoute: "a.example", ".example" of a wildcard
  // Set when reason is kNone, but for a rule whose filters answer every request (redirect, direct response).
  const BackendSetEntry* backends = nullptr;
  FoundSession session{};  // of a rule that keeps sessions; a valid one has chosen the backend set
  // The number in the rule of the set that a worker sends it to instead of the one drawn (proxy/app/short_sets.h).
  std::optional<uint8_t> instead{};
  explicit operator bool() const noexcept { return reason == Reason::kNone; }
  // Its number in the rule, which must be there.
  uint8_t backend_number(uint64_t draw) const noexcept {
    if (instead) return *instead;
    return session ? session.backend : static_cast<uint8_t>(rule->backends.number(draw));
  }
};

Decision decide(const Snapshot&, const DecisionInput&, Trace* = nullptr);
}  // namespace heddle
