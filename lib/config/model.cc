#include "lib/config/model.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/model_maps.h"

namespace heddle {
std::string_view to_text(PortProtocol protocol) noexcept {
  constexpr std::string_view kNames[] = {"auto", "http", "http2", "grpc", "tcp"};
  return kNames[static_cast<size_t>(protocol)];
}

std::string_view to_text(LbPolicy policy) noexcept {
  constexpr std::string_view kNames[] = {"peakEwma", "leastRequest", "roundRobin", "random", "ringHash", "maglev"};
  return kNames[static_cast<size_t>(policy)];
}

UpstreamTls tls_of(const BackendSetSpec& set, const Endpoint& endpoint) noexcept {
  return endpoint.is_plaintext ? UpstreamTls::kPlaintext : set.tls;
}
std::string_view to_text(UpstreamTls tls) noexcept { return tls == UpstreamTls::kMtls ? "mtls" : "plaintext"; }

std::string_view to_text(CheckKind kind) noexcept {
  constexpr std::string_view kNames[] = {"http", "tcp", "grpc"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view to_text(PathMatchType type) noexcept {
  constexpr std::string_view kNames[] = {"Exact", "PathPrefix", "PathTemplate", "RegularExpression"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view to_text(TrafficLimit limit) noexcept {
  constexpr std::string_view kNames[] = {"connections", "pendingRequests", "requests", "retries"};
  return kNames[static_cast<size_t>(limit)];
}

std::string_view to_text(AuthzAction action) noexcept {
  constexpr std::string_view kNames[] = {"allow", "deny", "audit"};
  return kNames[static_cast<size_t>(action)];
}

std::string_view to_text(AuthzDefault action) noexcept {
  constexpr std::string_view kNames[] = {"allow-all", "mesh-only", "deny-all"};
  return kNames[static_cast<size_t>(action)];
}

std::string_view to_text(BundleProfile profile) noexcept {
  return profile == BundleProfile::kHttpsWeb ? "https_web" : "https_spiffe";
}

const ServicePort* ServiceSpec::find_port(uint16_t number) const noexcept {
  auto it = std::find_if(ports.begin(), ports.end(), [&](const ServicePort& p) { return p.port == number; });
  return it == ports.end() ? nullptr : &*it;
}

ObjectRef backend_set_of(const Model& model, const WeightedBackend& backend) {
  if (backend.kind == BackendKind::kBackendSet) return backend.ref;
  const ServiceSpec& service = *model.services.at({Kind::kService, backend.ref.ns, backend.ref.name});
  return {backend.ref.ns, service.find_port(backend.port)->backend_set};
}

void Model::erase(const ResourceKey& key) {
  each_model_map([&](auto map) { (this->*map).erase(key); });
}

size_t Model::size() const noexcept {
  size_t out = 0;
  each_model_map([&](auto map) { out += (this->*map).size(); });
  return out;
}

std::string ResourceProblem::text() const {
  return str_cat(info(key.kind).name, " ", key.ns, "/", key.name, ": ", problem.text());
}

void ConfigProblems::add(const ResourceKey& key, std::string path, std::string message) {
  if (items.size() < Problems::kMaxProblems) items.push_back({key, {std::move(path), std::move(message)}});
}

void ConfigProblems::add_all(const ResourceKey& key, const Problems& problems) {
  for (const Problem& problem : problems.items()) add(key, problem.path, problem.message);
}

std::string ConfigProblems::text() const {
  std::string out;
  for (const ResourceProblem& item : items) {
    if (!out.empty()) out.push_back('\n');
    out.append(item.text());
  }
  return out;
}

Error ConfigProblems::to_error() const { return make_error(Reason::kConfigInvalid, text()); }
}  // namespace heddle
