#include "proxy/app/direct_sets.h"

#include <utility>

namespace heddle {
namespace {
std::shared_ptr<const BackendSetSpec> only(const BackendSetSpec& like, const Endpoint& to) {
  auto out = std::make_shared<BackendSetSpec>();
  out->key = like.key;
  out->tls = like.tls;
  out->protocol = like.protocol;
  out->lb.policy = LbPolicy::kRoundRobin;
  out->endpoints.push_back(to);
  out->endpoints.front().weight = 1;  // one that gets no share may still be called by its address
  return out;
}
}  // namespace

DirectSets::Row* DirectSets::of(const std::shared_ptr<const BackendSetSpec>& like, const Endpoint& to) {
  auto found = sets_.find(to.address());
  if (found != sets_.end() && found->second.like->key != like->key) {  // its metrics have the other's name
    sets_.erase(found);
    found = sets_.end();
  }
  if (found != sets_.end()) {
    if (found->second.like != like) {
      found->second.set->update(only(*like, to));
      found->second.like = like;
    }
    return &found->second;
  }
  if (sets_.size() >= kMax) std::erase_if(sets_, [](const auto& row) { return row.second.set.use_count() == 1; });
  if (sets_.size() >= kMax) return nullptr;
  auto set = std::make_shared<BackendSet>(upstream_, only(*like, to));
  return &sets_.emplace(to.address(), Row{like, std::move(set)}).first->second;
}

std::shared_ptr<const BackendSetSpec> plain_set(std::string name, UpstreamProtocol protocol) {
  BackendSetSpec spec;
  spec.key = ResourceKey{Kind::kBackendSet, {}, std::move(name)};
  spec.tls = UpstreamTls::kPlaintext;
  spec.protocol = protocol;
  return std::make_shared<const BackendSetSpec>(std::move(spec));
}

Endpoint endpoint_at(const Address& address) {
  Endpoint out;
  out.key.address = address;
  return out;
}
}  // namespace heddle
