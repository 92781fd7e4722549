// ServiceWants: a request for a service this sidecar does not hold waits here until the control plane has told about it
// (design §1.6). Belongs to a worker's loop. A waiter is a member of what waits; its destruction leaves the queue.
#pragma once
#include <string_view>

#include "lib/base/intrusive_list.h"
#include "lib/base/result.h"

namespace heddle {
class WantWaiter : public ListNode<WantWaiter> {
 public:
  // From the loop, once: the service is here, or why not (kServiceUnknown, kTooManyWants, kPendingOverflow,
  // kPendingTimeout).
  virtual void on_wanted(const Result<void>&) = 0;

 protected:
  ~WantWaiter() = default;
};

class ServiceWants {
 public:
  virtual void wait(std::string_view authority, WantWaiter&) = 0;

 protected:
  ~ServiceWants() = default;
};
}  // namespace heddle
