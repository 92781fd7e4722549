#include "cli/control_api.h"

#include "cli/resource_table.h"
#include "lib/base/strings.h"
#include "lib/rpc/message.h"

namespace heddle {
namespace {
Reason reason_of_status(uint16_t status) {
  switch (status) {
    case 401:
      return Reason::kUnauthenticated;
    case 403:
      return Reason::kForbidden;
    case 404:
      return Reason::kNotFound;
    case 409:
      return Reason::kConflict;
    case 503:
      return Reason::kUnavailable;
    case 504:
      return Reason::kTimeout;
    default:
      return status < 500 ? Reason::kBadRequest : Reason::kInternal;
  }
}

constexpr int64_t kMaxAge = 1'000'000'000;  // seconds; more is none

void read_age(const RpcResponse& response, ApiReply& reply) {
  for (const auto& [name, value] : response.headers) {
    if (name == "heddle-stale-since") reply.stale_since = value;
    if (name != "age") continue;
    std::optional<int64_t> seconds = parse_int<int64_t>(value);
    if (seconds && *seconds >= 0 && *seconds <= kMaxAge) reply.age = std::chrono::seconds(*seconds);
  }
  if (reply.stale_since.empty()) reply.age.reset();
}
}  // namespace

Result<ApiReply> ApiReply::read(const RpcResponse& response, size_t most, std::string_view who) {
  ApiReply reply;
  reply.status = response.status;
  read_age(response, reply);
  Result<JsonValue> body = JsonValue::parse(response.body, most);
  if (body) {
    reply.body = *std::move(body);
  } else if (reply.ok()) {
    return make_error(Reason::kUnavailable,
                      str_cat("HTTP ", std::to_string(response.status), " without JSON: that is not a ", who, " (",
                              body.error().detail, ")"));
  }
  return reply;
}

Reason ApiReply::reason() const {
  std::string name = text_at(body, {"reason"});
  Reason known = reason_by_name(name);
  bool is_known = known != Reason::kInternal || name == info(Reason::kInternal).name;
  return is_known ? known : reason_of_status(status);
}

std::string ApiReply::message() const {
  std::string text = text_at(body, {"message"});
  return text.empty() ? str_cat("HTTP ", std::to_string(status)) : text;
}

std::vector<std::string> ApiReply::hints() const {
  std::vector<std::string> out;
  std::optional<JsonValue> list = body.find("problems");
  for (size_t i = 0; list && i < list->size(); ++i) out.push_back(text_at(list->at(i), {"hint"}));
  return out;
}

std::vector<std::string> ApiReply::problems() const {
  std::vector<std::string> out;
  std::optional<JsonValue> list = body.find("problems");
  for (size_t i = 0; list && i < list->size(); ++i) {
    std::vector<std::string> parts;
    for (std::string_view field : {"resource", "path", "message"}) {
      std::string text = text_at(list->at(i), {field});
      if (!text.empty()) parts.push_back(std::move(text));
    }
    out.push_back(join(parts, ": "));
  }
  return out;
}
}  // namespace heddle
