// NamedConnector: opens connections to one HostAddress on top of another Connector. A name is looked up at each
// connect, and all that is found is tried in turn until one answers; the next connect begins with the next of them, so
// that one that is no good is not all that is ever tried. Belongs to one loop; must outlive its tokens, as must what it
// is made of.
#pragma once
#include "lib/event/name_lookup.h"
#include "lib/net/connector.h"
#include "lib/net/host_address.h"

namespace heddle {
class NamedConnector final : public Connector {
 public:
  NamedConnector(Loop& loop, Connector& below, NameLookup& names, HostAddress target)
      : loop_(loop), below_(below), names_(names), target_(std::move(target)) {}
  // To the target, whatever address is asked for. `deadline` is for all of it: the lookup and every try. Beyond the
  // errors of what is below: kUpstreamConnectFailed of the lookup.
  [[nodiscard]] Pending connect(const Address&, Duration deadline, OnConnect) override;

 private:
  class Attempt;
  Loop& loop_;
  Connector& below_;
  NameLookup& names_;
  const HostAddress target_;
  size_t first_ = 0;
};
}  // namespace heddle
