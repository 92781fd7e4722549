// Detector: what the connections of one listener on one worker share about detection: the memory of their destination,
// the metric cells, and the one line of the log that says what to declare. Belongs to the worker's loop and outlives
// its connections. IncomingConnection asks it how long to wait and tells it how that ended.
#pragma once
#include <string>

#include "lib/base/log.h"
#include "proxy/exchange/detection_memory.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {

class Detector {
 public:
  // For a silent client of a destination where silence is expected. On a permissive port the moment must leave room for
  // a ClientHello that is lost and sent again twice: what comes later is taken for plaintext.
  static constexpr Duration kMoment = 100ms;
  static constexpr Duration kPermissiveMoment = 1s;

  struct Spec {
    std::string listener;
    std::string destination;  // "hello.default:80", "127.0.0.1:8080"; of a listener that routes by Host its own name
    std::string setting;      // what the log advises
    bool may_be_tcp = true;   // false: there is nowhere to carry opaque bytes to
    Duration moment = kMoment;
  };
  Detector(Spec, DestinationMemory&, Registry&, Logger);

  Duration wait(Duration detect) const noexcept;
  void saw(Detection);
  // The time passed. True: go on as opaque TCP, to be judged as such; false: refuse.
  bool on_silence(bool was_expected);
  // The time passed in the middle of what may become HTTP or TLS: to be refused.
  void on_half_said();
  // Without a word, after so long.
  void on_left(Duration waited);

 private:
  void log_once(std::string_view client_said, bool goes_on);
  Spec spec_;
  DestinationMemory& memory_;
  DetectionMetrics metrics_;
  Logger log_;
};
}  // namespace heddle
