// decide(): the one code path that says where a request goes: for traffic, `explain` and `plan`. A pure function of the
// snapshot, the facts and the draw; without a trace it allocates nothing. What it answers points into the snapshot
// and is valid while that is pinned.
#pragma once
#include "lib/base/error.h"
#include "lib/decision/trace.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
struct DecisionInput {
  ServiceRef service;                     // what the client asked for, see Snapshot::resolve()
  std::string_view client_ns;             // of the application beside us: chooses between producer and consumer routes
  const RequestFacts* request = nullptr;  // nullptr: a TCP connection, no route applies
  uint64_t draw = 0;                      // one per request, kept with the facts
};

struct Decision {
  Reason reason = Reason::kNone;          // kServiceUnknown, kRouteNotFound, kBackendSetMissing
  const ServiceEntry* service = nullptr;  // also one that has another port
  const ServicePortEntry* port = nullptr;
  const RouteRule* rule = nullptr;            // nullptr: no route is attached; the port's own backend set
  const RouteCandidate* candidate = nullptr;  // by which the rule was found
  // Set when reason is kNone, but for a rule whose filters answer every request (redirect, direct response).
  const BackendSetEntry* backends = nullptr;
  explicit operator bool() const noexcept { return reason == Reason::kNone; }
};

Decision decide(const Snapshot&, const DecisionInput&, Trace* = nullptr);
}  // namespace heddle
