#include "control/replicas/replicas.h"

namespace heddle {
Replicas::Replicas(Parts parts)
    : own_(std::move(parts.own)),
      source_(std::move(parts.source)),
      feed_({parts.loop,
             parts.registry,
             [&hub = parts.hub] { return hub.newest(); },
             parts.self,
             {kPeerProtocol, own_.name, own_.software},
             parts.log,
             parts.trust,
             [this] { source_->look_soon(); }}),
      facts_feed_(parts.hub, parts.self, parts.log),
      group_({parts.loop, parts.connections, parts.protocols, parts.connector, parts.random, parts.client_context,
              parts.self},
             parts.registry, parts.hub, own_.name, parts.log),
      facts_({parts.loop, parts.registry,
              [&hub = parts.hub](FactsQuery query, FactsFetcher::Done done) {
                return hub.fetch_facts(std::move(query), std::move(done));
              },
              [this](const std::string& name, const FactsQuery& query, MeshFacts::Answer done) {
                group_.ask(name, query, std::move(done));
              }}) {
  source_->set_on_change([this] { group_.set(source_->others()); });
  parts.registry.set_own_name(own_.name);
}

void Replicas::drain(Task done) {
  group_.stop();
  feed_.drain();
  facts_feed_.drain();
  resigning_ = source_->resign(std::move(done));
}
}  // namespace heddle
