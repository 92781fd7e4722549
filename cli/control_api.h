// ControlApi: the control plane's HTTP API as the commands see it (docs/api.md). An interface, so that commands are
// tested without a network. An Error means that there is no answer to speak of; what the control plane refuses is a
// reply with a status.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

namespace heddle {
struct RpcResponse;

struct ApiRequest {
  std::string method = "GET";
  std::string path{};  // of valid names only: nothing needs encoding
  std::string query{};
  std::string body{};
  Duration deadline = 30s;
};

struct ApiReply {
  uint16_t status = 200;
  JsonValue body;
  std::string stale_since{};      // of a state that may be old: when it was last known to be the newest,
  std::optional<Duration> age{};  // and how long that is ago
  // kUnavailable for what is no answer of ours; `who` should have given it: "control plane". At most so many bytes.
  static Result<ApiReply> read(const RpcResponse&, size_t most, std::string_view who);
  bool ok() const noexcept { return status >= 200 && status < 300; }
  Reason reason() const;  // of a refusal
  std::string message() const;
  std::vector<std::string> hints() const;     // of each problem; empty where none is known
  std::vector<std::string> problems() const;  // "HTTPRoute/default/hello: spec.rules: is required"
};

class ControlApi {
 public:
  virtual ~ControlApi() = default;
  // Blocks until the answer is there or the deadline passed.
  virtual Result<ApiReply> call(const ApiRequest&) = 0;
};
}  // namespace heddle
