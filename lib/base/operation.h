// Operation: an asynchronous call in flight. Destroying it cancels the call and guarantees silence, so a callback may
// capture `this` exactly when the token is a member of `this`. Completion never runs inside the call that started it.
#pragma once
#include <memory>

namespace heddle {
class Operation {
 public:
  virtual ~Operation() = default;
};
using Pending = std::unique_ptr<Operation>;
}  // namespace heddle
