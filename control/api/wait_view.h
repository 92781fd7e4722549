// The answer to GET /v1/wait: that a version runs everywhere, or who keeps it from that and why. Pure.
#pragma once
#include "control/api/access.h"
#include "control/api/answers.h"
#include "control/watch/watch_hub.h"

namespace heddle {
// Takes out what sidecars said of resources that the caller may not read; that they refused stays.
void hide_words(WaitResult&, const AccessGrants&);

// "the 3300 sidecars of control plane b are not known: not heard for 12s", "control plane b has 1.41 only".
std::string text_of(const WatchReplicaLag&);

// Why a sidecar lags, in words: "refused 1.44: HTTPRoute/default/hello: spec.rules: ...", "refused 1.40 before" (an
// older version than was waited for), "has not answered for 7s", "runs 1.42", "holds nothing yet".
std::string text_of(const WatchLaggard&);

// 200 {"version","sidecars"}; else 504 (time ran out) or 400 (a sidecar refused it):
// {"reason","message","end","version","behind":[{"node","instance","identity","runs","why","text"}],"replicas":
// [{"name","sidecars","heard","text"}],"problems"} with the refusals of sidecars as problems, but for those of older
// versions. `replicas` are the control planes that keep it from being reached.
RpcResponse wait_answer(const WaitResult&, Version newest);
}  // namespace heddle
