#include "control/replicas/replicas.h"

namespace heddle {
Replicas::Replicas(const Parts& parts)
    : own_(parts.own),
      feed_({parts.loop,
             parts.registry,
             [&hub = parts.hub] { return hub.newest(); },
             parts.self,
             {kPeerProtocol, parts.own.name, parts.own.software},
             parts.log,
             parts.trust}),
      facts_feed_(parts.hub, parts.self, parts.log),
      group_({parts.loop, parts.connections, parts.protocols, parts.connector, parts.random, parts.client_context,
              parts.self},
             parts.registry, parts.hub, parts.own.name, parts.log),
      facts_({parts.loop, parts.registry,
              [&hub = parts.hub](FactsQuery query, FactsFetcher::Done done) {
                return hub.fetch_facts(std::move(query), std::move(done));
              },
              [this](const std::string& name, const FactsQuery& query, MeshFacts::Answer done) {
                group_.ask(name, query, std::move(done));
              }}),
      set_({parts.etcd, parts.random, parts.loop, parts.prefix, parts.own, parts.log},
           [this] { group_.set(set_.others()); }) {
  parts.registry.set_own_name(parts.own.name);
}

void Replicas::drain(Task done) {
  group_.stop();
  feed_.drain();
  facts_feed_.drain();
  resigning_ = set_.resign(std::move(done));
}
}  // namespace heddle
