#include "control/replicas/facts_feed.h"

#include "control/replicas/peer_feed.h"

namespace heddle {
namespace {
Error draining() { return make_error(Reason::kDraining, "this control plane is shutting down"); }
}  // namespace

void FactsFeed::serve_on(HttpServer& server) {
  server.route(
      "POST", kPeerFactsPath,
      [this](const RpcRequest& request, HttpServer::Respond respond) { answer(request, std::move(respond)); },
      kMaxFactsQuery);
}

void FactsFeed::answer(const RpcRequest& request, HttpServer::Respond respond) {
  if (Result<void> may = check_is_replica(request, self_); !may) return respond(RpcResponse::error(may.error()));
  if (is_draining_) return respond(RpcResponse::error(draining()));
  if (questions_.size() >= kMaxQuestions) {
    return respond(RpcResponse::error(make_error(Reason::kOverload, "too many control planes ask already")));
  }
  Result<FactsQuery> query = decode_facts_query(request.body);
  if (!query) return respond(RpcResponse::error(query.error()));
  log_.info("another control plane asks what sidecars remember",
            {{"address", request.peer.text()}, {"namespace", query->ns}});
  uint64_t id = next_++;
  Question& question = questions_[id];
  question.respond = std::move(respond);
  question.fetch = hub_.fetch_facts(*std::move(query), [this, id](const FactsResult& result) {
    auto node = questions_.extract(id);
    node.mapped().respond(RpcResponse::json(200, encode_facts_result(result)));
  });
}

void FactsFeed::drain() {
  is_draining_ = true;
  for (auto& [id, question] : std::exchange(questions_, {})) question.respond(RpcResponse::error(draining()));
}
}  // namespace heddle
