#include "control/kube/kube_status.h"

#include <algorithm>

#include "control/kube/kube_limits.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kShown = 200;  // bytes of an answer that is no Status
constexpr int64_t kLongestWait = 3600;

std::string text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? std::string(found->as_string().value_or("")) : "";
}

std::optional<Duration> seconds(std::optional<int64_t> number) {
  if (!number || *number < 0 || *number > kLongestWait) return std::nullopt;
  return std::chrono::seconds(*number);
}

// Only of seconds; the form with a date would need two clocks that agree.
std::optional<Duration> retry_after_header(const RpcResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "retry-after") return seconds(parse_int<int64_t>(value));
  }
  return std::nullopt;
}

Reason reason_of(uint16_t code) {
  switch (code) {
    case 400:
    case 422:
      return Reason::kConfigInvalid;
    case 401:
      return Reason::kUnauthenticated;
    case 403:
      return Reason::kForbidden;
    case 404:
      return Reason::kNotFound;
    case 409:
      return Reason::kConflict;
    case 405:
    case 406:
    case 415:
      return Reason::kUnsupported;
    case 413:
      return Reason::kTooLarge;
    case 429:
      return Reason::kRateLimited;
    default:
      return Reason::kUnavailable;
  }
}
}  // namespace

Result<JsonValue> parse_kube_json(std::string_view text, size_t max_bytes) {
  constexpr std::string_view kNul = "\\u0000";
  size_t at = text.find(kNul);
  if (at == text.npos || text.size() > max_bytes) return JsonValue::parse(text, max_bytes);
  std::string copy(text);
  for (; at != copy.npos; at = copy.find(kNul, at + 1)) {
    size_t before = at;  // a backslash that is escaped itself begins nothing
    while (before != 0 && copy[before - 1] == '\\') --before;
    bool is_escape = (at - before) % 2 == 0;
    if (is_escape) copy.replace(at, kNul.size(), "\\ufffd");
  }
  return JsonValue::parse(copy, max_bytes);
}

KubeStatus KubeStatus::of(const JsonValue& status) {
  KubeStatus out;
  int64_t code = status.find("code").value_or(JsonValue()).as_integer().value_or(500);
  out.code = code >= 400 && code <= 599 ? static_cast<uint16_t>(code) : 500;
  out.reason = text_of(status, {"reason"});
  out.message = text_of(status, {"message"});
  JsonValue details = status.find("details").value_or(JsonValue());
  out.retry_after = seconds(details.find("retryAfterSeconds").value_or(JsonValue()).as_integer());
  JsonValue causes = details.find("causes").value_or(JsonValue());
  for (size_t i = 0; i < std::min(causes.size(), kMaxKubeCauses); ++i) {
    JsonValue cause = causes.at(i);
    out.causes.push_back({text_of(cause, {"reason"}), text_of(cause, {"message"}), text_of(cause, {"field"})});
  }
  return out;
}

KubeStatus KubeStatus::of(const RpcResponse& response) {
  KubeStatus out;
  Result<JsonValue> parsed = parse_kube_json(response.body, kMaxKubeObject);
  if (parsed && text_of(*parsed, {"kind"}) == "Status") {
    out = of(*parsed);
  } else {
    out.message = response.body.substr(0, kShown);
  }
  out.code = response.status;
  if (auto wait = retry_after_header(response)) out.retry_after = wait;
  return out;
}

KubeStatus KubeStatus::of(const Error& nobody_answered) {
  KubeStatus out;
  out.why = nobody_answered.reason;
  out.message = nobody_answered.detail;
  return out;
}

bool KubeStatus::is_expired() const {
  if (code == 410 || reason == "Expired" || reason == "Gone") return true;
  for (const Cause& cause : causes) {
    if (cause.reason == "ResourceVersionTooLarge") return true;
  }
  return false;
}

Error KubeStatus::to_error() const {
  if (code == 0) return make_error(why, message, Origin::kUpstream);
  std::string text = str_cat("the API server answered ", std::to_string(code));
  if (!reason.empty()) text += str_cat(" ", reason);
  if (!message.empty()) text += str_cat(": ", message);
  return make_error(reason_of(code), std::move(text), Origin::kUpstream);
}

KubeAnswer KubeAnswer::of(const Result<RpcResponse>& response) {
  if (!response) return failed(response.error());
  if (response->status >= 300) return {{}, KubeStatus::of(*response)};
  if (response->body.empty()) return {};  // of a DELETE through some proxies
  Result<JsonValue> parsed = parse_kube_json(response->body, kMaxKubeAnswer);
  if (!parsed) return failed(make_error(Reason::kUpstreamProtocolError, parsed.error().detail));
  return {*std::move(parsed), std::nullopt};
}

Result<JsonValue> KubeAnswer::to_result() const {
  if (failure) return failure->to_error();
  return object;
}
}  // namespace heddle
