#include "control/api/current_reads.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kStaleSince = "heddle-stale-since";
constexpr std::string_view kAge = "age";
constexpr uint16_t kServerError = 500;
constexpr uint16_t kClientError = 400;

// What changes nothing.
bool is_read(const RpcRequest& request) {
  bool only_asks = request.path == "/v1/explain" || request.path == "/v1/plan";
  return request.method == "GET" || only_asks || request.query_param("dryRun") == "true";
}
}  // namespace

HttpServer::Handler CurrentReads::then(HttpServer::Handler handler) {
  if (index_ == nullptr) return handler;
  return [this, shared = std::make_shared<HttpServer::Handler>(std::move(handler))](
             const RpcRequest& request, HttpServer::Respond respond) { wait(shared, request, std::move(respond)); };
}

void CurrentReads::wait(const HandlerPtr& handler, const RpcRequest& request, HttpServer::Respond respond) {
  if (waiting_.size() >= kMaxWaiting) {
    return respond(error_answer(make_error(Reason::kOverload, "too many requests wait for the store already")));
  }
  uint64_t id = next_++;
  Waiting& waiting = waiting_[id];
  waiting.handler = handler;
  waiting.request = request;
  waiting.respond = std::move(respond);
  waiting.token = index_->read([this, id](const ReadIndex::Sight& sight) { on_read(id, sight); });
}

void CurrentReads::on_read(uint64_t id, const ReadIndex::Sight& sight) {
  auto node = waiting_.extract(id);
  Waiting& waiting = node.mapped();
  if (sight.since) waiting.respond = dated(std::move(waiting.respond), is_read(waiting.request), *sight.since);
  (*waiting.handler)(waiting.request, std::move(waiting.respond));
}

// A change that was made is the newest by itself, and one that failed says why; who is refused learns by how old a
// state.
HttpServer::Respond CurrentReads::dated(HttpServer::Respond respond, bool is_for_reader, WallTime since) const {
  return [respond = std::move(respond), is_for_reader, since, &clock = clock_](RpcResponse answer) mutable {
    bool is_refusal = answer.status >= kClientError && answer.status < kServerError;
    if (is_refusal || (is_for_reader && answer.status < kClientError)) {
      Duration age = std::max(Duration(0), clock.wall() - since);
      answer.headers.emplace_back(kStaleSince, format_time(since));
      answer.headers.emplace_back(kAge, std::to_string(age / 1s));
    }
    respond(std::move(answer));
  };
}

void CurrentReads::drain() {
  std::map<uint64_t, Waiting> all = std::exchange(waiting_, {});
  for (auto& [id, waiting] : all) {
    waiting.token.reset();
    waiting.respond(error_answer(make_error(Reason::kDraining, "this control plane is shutting down")));
  }
}
}  // namespace heddle
