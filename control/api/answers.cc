#include "control/api/answers.h"

#include "lib/base/bytes.h"

namespace heddle {
namespace {
constexpr std::string_view kRetryAfter = "12";  // seconds: five renewals a minute; who is limited otherwise waits less

RpcResponse answer(Reason reason, std::string body) {
  RpcResponse response = RpcResponse::json(info(reason).status, std::move(body));
  response.headers.emplace_back("heddle-reason", info(reason).name);
  if (reason == Reason::kRateLimited) response.headers.emplace_back("retry-after", kRetryAfter);
  return response;
}
}  // namespace

Error bad_request(std::string why) { return make_error(Reason::kBadRequest, std::move(why), Origin::kDownstream); }

void write_problems(JsonWriter& out, const std::vector<ApiProblem>& problems) {
  out.begin_array();
  for (const ApiProblem& problem : problems) {
    out.begin_object().field("resource", problem.resource).field("path", problem.path);
    out.field("message", problem.message);
    if (!problem.hint.empty()) out.field("hint", problem.hint);
    out.end_object();
  }
  out.end_array();
}

RpcResponse error_answer(const Error& why, const std::vector<ApiProblem>& problems) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("reason", info(why.reason).name).field("message", why.detail);
  write_problems(out.key("problems"), problems);
  out.end_object();
  return answer(why.reason, std::move(body));
}

RpcResponse opaque_answer(Reason reason) {
  std::string body;
  JsonWriter(body).begin_object().field("reason", info(reason).name).end_object();
  return answer(reason, std::move(body));
}

Caller make_caller(const RpcRequest& request, std::string identity, Random& random) {
  uint64_t id = random.next();
  return {to_hex(Bytes(reinterpret_cast<const std::byte*>(&id), sizeof id)), std::move(identity), request.peer.text()};
}
}  // namespace heddle
