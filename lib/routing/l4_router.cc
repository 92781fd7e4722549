#include "lib/routing/l4_router.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace heddle {
namespace {
// Smaller is better. A route without a time (from files) is younger than any with one.
auto precedence(const HttpRouteSpec& route) {
  WallTime created = route.created.value_or(WallTime(Duration::max()));
  return std::tuple(created, std::string_view(route.key.ns), std::string_view(route.key.name));
}
}  // namespace

L4Router::L4Router(std::vector<std::shared_ptr<const BoundRoute>> routes) : routes_(std::move(routes)) {
  std::vector<uint32_t> places(routes_.size());
  std::iota(places.begin(), places.end(), 0);
  std::sort(places.begin(), places.end(),
            [&](uint32_t a, uint32_t b) { return precedence(*routes_[a]->spec) < precedence(*routes_[b]->spec); });
  for (uint32_t place : places) {
    bool is_tls = routes_[place]->spec->key.kind == Kind::kTlsRoute;
    if (is_tls) add_names(*routes_[place], place);
    if (!is_tls && tcp_ == nullptr) tcp_ = rule_at(place);
  }
  names_.shrink_to_fit();
  suffixes_.shrink_to_fit();
}

// The name of a route with precedence is there already.
void L4Router::add_names(const BoundRoute& route, uint32_t place) {
  for (std::string_view name : route.spec->hostnames) {
    if (name.starts_with("*.")) {
      suffixes_.add(name.substr(2), place);
    } else {
      names_.add(name, place);
    }
  }
}

L4Match L4Router::match(std::string_view server_name) const noexcept {
  if (server_name.empty()) return {tcp_};
  if (std::optional<uint32_t> exact = names_.find(server_name)) return {rule_at(*exact), server_name};
  if (suffixes_.size() == 0) return {tcp_};
  for (size_t dot = server_name.find('.', 1); dot != std::string_view::npos; dot = server_name.find('.', dot + 1)) {
    std::string_view suffix = server_name.substr(dot + 1);
    if (suffix.empty()) break;
    if (std::optional<uint32_t> found = suffixes_.find(suffix)) return {rule_at(*found), server_name.substr(dot)};
  }
  return {tcp_};
}

const L4Router* L4Routes::router_for(std::string_view client_ns) const noexcept {
  for (const auto& [ns, router] : consumers) {
    if (ns == client_ns) return router.get();
  }
  return producer.get();
}
}  // namespace heddle
