// Explainer: answers POST /v1/explain from a snapshot of the newest version: lib/decision explain() on all resources,
// so by the code of every sidecar's requests. Owned by ApiServer; control loop.
// Cost: the snapshot is made by the first question after a change and kept until the first one after the next, so any
// other question takes a few milliseconds at most. Making it reads and copies no resource (the store has them parsed)
// and takes over what did not change, but it looks at each: 0.11 s for 10,000 services with a route and an endpoint
// each, of which half is the check that admits an apply, too. How many endpoints a set has costs nothing. Nobody asks:
// nothing is made.
#pragma once
#include <functional>

#include "control/store/store.h"
#include "lib/snapshot/parsed_snapshots.h"

namespace heddle {
class Explainer {
 public:
  explicit Explainer(const Store& store) : store_(store) {}
  // The body of the answer. kBadRequest or kUnsupported by the question; kUnsupported also when the store holds
  // resources of a later version, which this one cannot judge.
  // Of the namespaces of who asks and of the service that answers; an error is the answer. Empty: all may be read.
  using MayRead = std::function<Result<void>(std::string_view ns)>;
  Result<std::string> answer(std::string_view body, const MayRead& may_read = {});

 private:
  Result<std::shared_ptr<const Snapshot>> newest();
  const Store& store_;
  ParsedSnapshots snapshots_;
};
}  // namespace heddle
