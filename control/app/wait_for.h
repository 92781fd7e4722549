// wait_for(): what is asked for at start-up, with its answer: runs the loop until it is there. Never from inside the
// loop.
#pragma once
#include <optional>

#include "lib/base/operation.h"
#include "lib/base/result.h"
#include "lib/event/loop.h"

namespace heddle {
inline Error stopped_while_starting() { return make_error(Reason::kDraining, "stopped while it started"); }

// `start(done)` answers a Pending and calls done(Result<T>) once, maybe inside. kDraining: the loop was stopped,
// even where the answer came in the same turn: who starts must end then.
template <class T, class Start>
Result<T> wait_for(Loop& loop, Start&& start) {
  std::optional<Result<T>> answer;
  Pending call = start([&answer](Result<T> result) { answer.emplace(std::move(result)); });
  if (answer) return *std::move(answer);
  loop.run_until([&answer] { return answer.has_value(); });
  if (loop.was_stopped()) return stopped_while_starting();
  return *std::move(answer);
}
}  // namespace heddle
