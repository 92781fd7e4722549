// KubeStatus: why a Kubernetes API server refused (kind Status), or that nobody answered; KubeAnswer: what one request
// came to. Pure values.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/rpc/message.h"

namespace heddle {
// JSON of an API server. JsonValue refuses "\u0000", which Kubernetes takes in annotations and other texts of anybody:
// it becomes U+FFFD here, or one object would stop us from reading all others of its kind.
Result<JsonValue> parse_kube_json(std::string_view text, size_t max_bytes);

struct KubeStatus {
  struct Cause {
    std::string reason;
    std::string message;
    std::string field;
  };
  uint16_t code = 0;   // HTTP; 0: nobody answered, so it is unknown whether it was done
  std::string reason;  // "Expired", "NotFound"; empty when the answer was no Status
  std::string message;
  std::vector<Cause> causes;
  std::optional<Duration> retry_after;
  Reason why = Reason::kUnavailable;  // where code is 0: what happened to the connection

  // Of kind Status, or of anything that says as little: then the code and the beginning of the text.
  static KubeStatus of(const RpcResponse&);
  // The object of an ERROR event.
  static KubeStatus of(const JsonValue& status);
  static KubeStatus of(const Error& nobody_answered);
  // The resourceVersion (or the rest of a list) that was asked for is no longer, or not yet, there: list anew.
  bool is_expired() const;
  // Nothing was done, and asking again later may help.
  bool is_busy() const { return code == 429 || code == 503; }
  Error to_error() const;
};

struct KubeAnswer {
  JsonValue object;                   // of a status below 300
  std::optional<KubeStatus> failure;  // otherwise

  // An answer that is no JSON is a failure (kUpstreamProtocolError).
  static KubeAnswer of(const Result<RpcResponse>&);
  static KubeAnswer failed(const Error& why) { return {{}, KubeStatus::of(why)}; }
  bool is_ok() const noexcept { return !failure.has_value(); }
  bool has_code(uint16_t code) const noexcept { return failure && failure->code == code; }
  // For who asks only whether it worked.
  Result<JsonValue> to_result() const;
};
}  // namespace heddle
