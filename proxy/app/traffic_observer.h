// TrafficObserver: where every finished exchange, tunnel, refused request and connection of one listener on one worker
// is counted and, if the policy wants it, logged. Belongs to the worker's loop; never blocks, allocates nothing per
// request.
#pragma once
#include "lib/base/log.h"
#include "proxy/exchange/exchange_summary.h"
#include "proxy/exchange/route_target.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/span_record.h"

namespace heddle {

class TrafficObserver final : public ExchangeObserver {
 public:
  struct Inputs {
    const Clock& clock;
    AccessLog& access_log;
    ListenerMetrics& listener;
    Logger logger;
    Direction direction;
    uint32_t worker;
    PermissiveMetrics* permissive = nullptr;  // null of other listeners
    SpanRing* spans = nullptr;                // null: nothing is traced
  };
  explicit TrafficObserver(Inputs inputs) : in_(inputs) {}
  void on_finished(const ExchangeSummary&, const RequestHead&) override;
  void on_tcp_finished(const ExchangeSummary&) override;
  void on_refused_request(const ConnectionInfo&, const RefusedRequest&) override;
  void on_bad_connection(const ConnectionInfo&, const Error&) override;
  void on_abuse(std::string_view kind) override { in_.listener.abuse[kind].add(1); }

 private:
  bool wants(const ExchangeSummary&);
  AccessRecord record_of(const ExchangeSummary&) const;
  AccessRecord record_of(const ExchangeSummary&, const RequestHead&) const;
  AccessRecord record_of(const ConnectionInfo&, const RefusedRequest&) const;
  void count_refused(std::string_view what, const Address& peer, const Error&);
  Inputs in_;
};
}  // namespace heddle
