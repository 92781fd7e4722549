// What the API's answers are made of: errors with all their problems, and who asked. Pure.
#pragma once
#include <string>
#include <vector>

#include "control/ca/audit.h"
#include "lib/api/resource.h"
#include "lib/base/json_writer.h"
#include "lib/base/random.h"
#include "lib/rpc/message.h"

namespace heddle {
// One thing that is wrong with what was sent.
struct ApiProblem {
  std::string resource;  // key text; "items[3]" when it could not be read
  std::string path;      // "spec.rules[0].matches"
  std::string message;
  std::string hint{};  // what to do about it, where that is known (control/api/hints.h)
};

// Appends [{"resource","path","message","hint"}], `hint` where there is one.
void write_problems(JsonWriter&, const std::vector<ApiProblem>&);
// {"reason","message","problems":[{"resource","path","message"}]} with the reason's status.
RpcResponse error_answer(const Error&, const std::vector<ApiProblem>& problems = {});
// kBadRequest of who sent it.
Error bad_request(std::string why);
// Only that it is so: for callers who have not proved who they are.
RpcResponse opaque_answer(Reason);

// `identity`: as whom the caller was recognised.
Caller make_caller(const RpcRequest&, std::string identity, Random&);
}  // namespace heddle
