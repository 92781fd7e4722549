#include "control/api/wait_api.h"

#include <algorithm>
#include <utility>

#include "control/api/wait_view.h"
#include "lib/base/strings.h"

namespace heddle {

Result<void> WaitApi::admit(const AccessHolder& who) const {
  if (waiting_.size() >= kMaxWaiting) return make_error(Reason::kOverload, "too many callers wait already");
  auto of_token = std::count_if(waiting_.begin(), waiting_.end(),
                                [&who](const auto& entry) { return entry.second.who.name == who.name; });
  if (static_cast<size_t>(of_token) < kMaxOfToken) return {};
  return make_error(Reason::kRateLimited,
                    str_cat("the token ", who.name, " waits ", std::to_string(kMaxOfToken),
                            " times already: wait for one of them to end"),
                    Origin::kDownstream);
}

void WaitApi::wait(const RpcRequest& request, Respond respond) {
  Result<Version> version = Version::parse(request.query_param("version").value_or(""));
  if (!version) return respond(error_answer(bad_request("version: expected a version as \"1.42\"")));
  Result<Duration> timeout = parse_duration(request.query_param("timeout").value_or("30s"));
  if (!timeout || *timeout > kMaxWait) {
    return respond(error_answer(bad_request("timeout: expected a duration of at most 10m, as \"30s\"")));
  }
  Result<AccessHolder> who = parts_.gate.holder(request);
  if (!who) return respond(error_answer(who.error()));
  if (Result<void> admitted = admit(*who); !admitted) return respond(error_answer(admitted.error()));
  uint64_t id = next_++;
  Waiting& waiting = waiting_[id];
  waiting.who = *std::move(who);
  waiting.respond = std::move(respond);
  waiting.token = parts_.hub.wait(*version, *timeout, [this, id](WaitResult r) { on_waited(id, std::move(r)); });
}

void WaitApi::on_waited(uint64_t id, WaitResult result) {
  auto node = waiting_.extract(id);
  hide_words(result, node.mapped().who.grants);
  node.mapped().respond(wait_answer(result, parts_.store.version()));
}

void WaitApi::drain() {
  std::map<uint64_t, Waiting> all = std::exchange(waiting_, {});
  for (auto& [id, waiting] : all) {
    waiting.token.reset();
    waiting.respond(error_answer(make_error(Reason::kDraining, "this control plane is shutting down")));
  }
}
}  // namespace heddle
