// The part of Exchange that remembers: one request in sixteen, as it was when its route was found and before filters
// change it; what became of it is told when it is over.
#include <array>
#include <charconv>

#include "certs/peer_certificate.h"
#include "proxy/exchange/exchange.h"

namespace heddle {
namespace {
class Digits {
 public:
  explicit Digits(uint32_t number) : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  std::string_view view() const { return {text_.data(), static_cast<size_t>(end_ - text_.data())}; }

 private:
  std::array<char, 10> text_{};
  char* end_;
};
}  // namespace

// `target`: nullptr of a request that goes nowhere.
void Exchange::remember(const RouteTarget* target) {
  FactInput input{*services_.fact_origin, request_};
  bool is_inbound = services_.direction == Direction::kInbound;
  const PeerCertificate* caller = summary_.peer_certificate.get();
  if (is_inbound && caller != nullptr && caller->spiffe_id()) input.peer = caller->spiffe_id()->text();
  if (target != nullptr && !is_inbound) {
    const RouteOrigin& origin = target->origin;
    input.draw = origin.draw;
    if (origin.rule != nullptr) input.route = &origin.rule->route->key;
    if (origin.rule != nullptr) input.rule = origin.rule->index;
    if (origin.set != nullptr) input.backend_set = &origin.set->spec->key;
  }
  fact_ = services_.facts->begin(input);
}

void Exchange::tell_fact() {
  services_.facts->finish(fact_, summary_.reason);
  const AuthzNote& authz = summary_.authz;
  const RateNote& rate = summary_.rate;
  if (authz.policy != nullptr) {
    bool is_rule = authz.cause == AuthzCause::kRule;
    services_.facts->note_policy(fact_, authz.policy->key, is_rule ? Digits(authz.rule).view() : to_text(authz.cause));
  } else if (rate.policy != nullptr) {
    services_.facts->note_policy(fact_, rate.policy->key, Digits(rate.limit).view());
  }
}
}  // namespace heddle
