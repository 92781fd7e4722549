// KubeToken: the bearer token that we show to the API server. Kubernetes renews the file of a projected token long
// before it expires, so it is read again every minute, and at once after the server refused it. Control loop.
#pragma once
#include <optional>
#include <string>

#include "lib/base/clock.h"
#include "lib/base/result.h"

namespace heddle {
class KubeToken {
 public:
  using Read = UniqueFunction<Result<std::string>()>;
  KubeToken(const Clock& clock, Read read) : clock_(clock), read_(std::move(read)) {}
  // Without white space around it; empty: none is needed. While the file cannot be read the last one goes on. Errors:
  // the reader's, kConfigInvalid for what cannot stand in a header, kTooLarge.
  Result<std::string> get();
  // 401: the next get() reads.
  void on_refused() noexcept { read_at_.reset(); }

 private:
  Result<std::string> read();
  const Clock& clock_;
  Read read_;
  std::optional<std::string> held_;
  std::optional<MonoTime> read_at_;
};
}  // namespace heddle
