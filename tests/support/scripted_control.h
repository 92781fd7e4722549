// ScriptedControl: a ControlApi for tests of the commands: answers by "METHOD /path?query" what the test said and keeps
// the requests. What nobody scripted is answered with 404.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cli/control_api.h"

namespace heddle {
class ScriptedControl final : public ControlApi {
 public:
  void answer(const std::string& request, uint16_t status, std::string_view json) {
    Result<JsonValue> body = JsonValue::parse(json);
    HEDDLE_CHECK(body.has_value());
    replies_.insert_or_assign(request, std::deque{ApiReply{status, *body}});
  }
  // What the next call gets after those that were scripted before; the last answer stays.
  void answer_then(const std::string& request, uint16_t status, std::string_view json) {
    Result<JsonValue> body = JsonValue::parse(json);
    HEDDLE_CHECK(body.has_value());
    replies_[request].push_back(ApiReply{status, *body});
  }
  // It was so, that long ago, and may be old now.
  void answer_old(const std::string& request, std::string_view json, std::string since, Duration age) {
    answer(request, 200, json);
    ApiReply& reply = replies_[request].back();
    reply.stale_since = std::move(since);
    reply.age = age;
  }
  void be_unreachable() { unreachable_ = true; }

  Result<ApiReply> call(const ApiRequest& request) override {
    std::string line = request.method + " " + request.path + (request.query.empty() ? "" : "?") + request.query;
    lines.push_back(line);
    requests.push_back(request);
    if (unreachable_) return make_error(Reason::kUnavailable, "cannot reach the control plane at 127.0.0.1:15080");
    auto found = replies_.find(line);
    if (found != replies_.end()) return next_of(found->second);
    return ApiReply{404, *JsonValue::parse(R"({"reason":"not-found","message":"no such resource"})")};
  }

  std::vector<std::string> lines;
  std::vector<ApiRequest> requests;

 private:
  static ApiReply next_of(std::deque<ApiReply>& replies) {
    ApiReply reply = replies.front();
    if (replies.size() > 1) replies.pop_front();
    return reply;
  }
  std::map<std::string, std::deque<ApiReply>> replies_;
  bool unreachable_ = false;
};
}  // namespace heddle
