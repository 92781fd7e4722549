// SpanExporter: sends the spans of all workers to a collector by OTLP/HTTP in JSON: once a second, and at once while
// there is more. One batch at a time; what a collector cannot take now (429, 502, 503, 504, no connection) is tried
// again, everything else it refuses is lost, as OTLP asks for. Nothing it does holds up a worker: when the collector is
// slow the rings fill, and what does not fit is dropped and counted there. Made and destroyed on the main loop;
// outlives the workers. What was not sent when the process ends is lost.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/base/log.h"
#include "lib/rpc/http_client.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/telemetry/span_json.h"

namespace heddle {
class SpanExporter {
 public:
  static constexpr size_t kRingSpans = 1024;  // per worker
  static constexpr size_t kBatchSpans = 512;
  static constexpr Duration kPeriod = 1s;
  static constexpr Duration kDeadline = 10s;        // of one try
  static constexpr int kTries = 5;                  // of one batch
  static constexpr Duration kMostRetryAfter = 30s;  // that a collector may ask for

  struct Inputs {
    SessionContext context;
    Protocols& protocols;
    Connector& connector;
    Random& random;
    Registry& metrics;
    Logger logger;
  };
  struct Collector {
    Address address;
    std::string authority;
    std::string path;
  };
  SpanExporter(const Inputs&, Collector, SpanResource);
  // One per worker, before it starts; lives as long as the exporter.
  SpanRing& add_ring();

 private:
  struct Batch {
    std::string body;
    size_t spans = 0;
    int tries = 0;
  };
  void on_time();
  void collect();
  void count_dropped();
  void send();
  void on_answer(const Result<RpcResponse>&);
  void on_taken(const RpcResponse&);
  void on_refused(const Error&, std::optional<Duration> retry_after);
  void end_batch(std::string_view result, size_t spans);

  Collector collector_;
  SpanResource resource_;
  HttpClient client_;
  Logger log_;
  LabelledCounters spans_;
  Backoff backoff_;
  std::vector<std::unique_ptr<SpanRing>> rings_;
  uint64_t dropped_ = 0;  // counted so far
  Batch batch_;           // spans 0: none
  Pending call_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
