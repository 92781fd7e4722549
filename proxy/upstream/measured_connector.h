// MeasuredConnector: a Connector that counts how connects to the endpoints of one backend set end, and how long those
// take that succeed. What is cancelled is not counted. Belongs to one loop; the connector below must outlive its
// tokens.
#pragma once
#include "lib/net/connector.h"
#include "proxy/upstream/upstream_metrics.h"

namespace heddle {
class MeasuredConnector final : public Connector {
 public:
  MeasuredConnector(Loop& loop, Connector& below, std::shared_ptr<UpstreamMetrics> metrics)
      : loop_(loop), below_(below), metrics_(std::move(metrics)) {}
  [[nodiscard]] Pending connect(const Address&, Duration deadline, OnConnect) override;

 private:
  Loop& loop_;
  Connector& below_;
  std::shared_ptr<UpstreamMetrics> metrics_;
};
}  // namespace heddle
