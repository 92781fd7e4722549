// Every map of a Model, for what is done with all of them alike: whoever adds a kind adds its map here, and forgets it
// nowhere else. Pure.
#pragma once
#include <tuple>

#include "lib/config/model.h"

namespace heddle {
inline constexpr std::tuple kModelMaps{
    &Model::services,           &Model::backend_sets,           &Model::http_routes, &Model::health_policies,
    &Model::traffic_policies,   &Model::authorization_policies, &Model::workloads,   &Model::federated_domains,
    &Model::http_route_filters, &Model::rate_limit_policies};
static_assert(sizeof(Model) == std::tuple_size_v<decltype(kModelMaps)> * sizeof(SpecMap<ServiceSpec>),
              "a map of the Model is missing in kModelMaps");

// f(pointer to member) for each.
template <class F>
void each_model_map(F&& f) {
  std::apply([&](auto... map) { (f(map), ...); }, kModelMaps);
}
}  // namespace heddle
