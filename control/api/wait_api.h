// WaitApi: GET /v1/wait (docs/api.md): answers when a version runs on every connected sidecar, when one refused it, or
// when time runs out. Who called and went away waits on until then, so one token has a part of the places only.
// Control loop. Limits: 10 minutes, 1,000 callers, 100 of one token.
#pragma once
#include <map>

#include "control/api/access_gate.h"
#include "control/watch/watch_hub.h"

namespace heddle {
class WaitApi {
 public:
  static constexpr Duration kMaxWait = 10min;
  static constexpr size_t kMaxWaiting = 1000;
  static constexpr size_t kMaxOfToken = 100;

  using Respond = UniqueFunction<void(RpcResponse)>;
  struct Parts {
    const Store& store;
    WatchHub& hub;
    AccessGate& gate;
  };
  explicit WaitApi(const Parts& parts) : parts_(parts) {}
  void wait(const RpcRequest&, Respond);
  // Everybody who waits is told that this replica leaves.
  void drain();

 private:
  struct Waiting {
    AccessHolder who;
    Respond respond;
    Pending token;
  };
  Result<void> admit(const AccessHolder&) const;
  void on_waited(uint64_t id, WaitResult);

  Parts parts_;
  std::map<uint64_t, Waiting> waiting_;
  uint64_t next_ = 1;
};
}  // namespace heddle
