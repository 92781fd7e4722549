#include "proxy/upstream/measured_connector.h"

#include <utility>

namespace heddle {
// The callback may end the endpoint and this connector with it: it holds what it needs.
Pending MeasuredConnector::connect(const Address& address, Duration deadline, OnConnect done) {
  auto measured = [&loop = loop_, metrics = metrics_, began = loop_.now(),
                   done = std::move(done)](Result<std::unique_ptr<Transport>> connected) mutable {
    if (connected) {
      metrics->on_connected(loop.now() - began);
    } else {
      metrics->on_connect_failed(connected.error().reason);
    }
    done(std::move(connected));
  };
  return below_.connect(address, deadline, std::move(measured));
}
}  // namespace heddle
