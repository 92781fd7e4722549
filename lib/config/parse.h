// Resource bytes -> model: syntax, types, unknown fields, ranges and everything else that one resource can get wrong
// by itself. What several resources can get wrong together is in validate.h. Pure; all problems, not the first.
#pragma once
#include <variant>

#include "lib/config/model.h"

namespace heddle {
using ParsedSpec =
    std::variant<std::shared_ptr<const ServiceSpec>, std::shared_ptr<const BackendSetSpec>,
                 std::shared_ptr<const HttpRouteSpec>, std::shared_ptr<const HealthPolicySpec>,
                 std::shared_ptr<const AuthorizationPolicySpec>, std::shared_ptr<const WorkloadSpec>,
                 std::shared_ptr<const FederatedTrustDomainSpec>, std::shared_ptr<const TrafficPolicySpec>,
                 std::shared_ptr<const HttpRouteFilterSpec>, std::shared_ptr<const RateLimitPolicySpec>>;

// Nothing when a problem was added.
std::optional<ParsedSpec> parse_spec(const Envelope&, Problems&);

// Stored bytes: the envelope in them must say the same key.
std::optional<ParsedSpec> parse_resource(const Resource&, Problems&);

// Adds or replaces.
void put_spec(Model&, const ResourceKey&, const ParsedSpec&);
}  // namespace heddle
