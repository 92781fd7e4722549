// Resources as they travel and are stored: a key and the exact bytes of the Kubernetes envelope (compact JSON).
// Nobody re-serialises a resource to compare it: hashes are over these bytes. lib/config gives them meaning.
// Pure values, no loop.
#pragma once
#include <compare>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {

enum class Kind : uint8_t {
  kService,
  kBackendSet,
  kHttpRoute,
  kGrpcRoute,
  kTcpRoute,
  kHealthPolicy,
  kTrafficPolicy,
  kAuthorizationPolicy,
  kWorkload,
  kFederatedTrustDomain,
  kHttpRouteFilter,
  kRateLimitPolicy,
  kTlsRoute,
  kUdpRoute
};

// The kind table: one row per kind; adding a kind is one line here.
struct KindInfo {
  Kind kind;
  std::string_view api_version;  // "heddle.dev/v1", "gateway.networking.k8s.io/v1"
  std::string_view name;         // "HTTPRoute"
  std::string_view plural;       // "httproutes": in URLs and on the command line
  std::string_view short_name;   // "hr"
  bool supported;                // false: refused with a clear error until its issue lands
};
std::span<const KindInfo> all_kinds() noexcept;
const KindInfo& info(Kind) noexcept;
// Its apiVersion, or an older one of the Gateway API that says the same.
bool accepts_api_version(const KindInfo&, std::string_view api_version) noexcept;
// By kind, plural, singular (lower case) or short name; nullptr when unknown.
const KindInfo* find_kind(std::string_view word) noexcept;

// Names are RFC 1123: lower case alphanumerics, '-' (and '.' in names), at most 63 (namespace) and 253 (name) bytes.
struct ResourceKey {
  Kind kind = Kind::kService;
  std::string ns;
  std::string name;
  static Result<ResourceKey> make(Kind, std::string_view ns, std::string_view name);
  static Result<ResourceKey> parse(std::string_view text);  // "HTTPRoute/default/hello"
  std::string text() const;
  auto operator<=>(const ResourceKey&) const = default;
};

struct Resource {
  ResourceKey key;
  std::string json;  // the whole envelope, compact, as stored; at most 1 MiB
  bool operator==(const Resource&) const = default;
};

// RFC 1123: 1-63 lower-case letters, digits and '-'; and such labels joined by '.', at most 253 bytes.
bool is_dns_label(std::string_view) noexcept;
bool is_dns_name(std::string_view) noexcept;

inline constexpr size_t kMaxResourceBytes = 1 << 20;
inline constexpr size_t kMaxSnapshotBytes = 64 << 20;

// A version is assigned by one writer. It never goes back within an epoch; a new writer starts the next epoch.
struct Version {
  uint64_t epoch = 0;
  uint64_t sequence = 0;
  static Result<Version> parse(std::string_view text);  // "3.1042"
  std::string text() const;
  auto operator<=>(const Version&) const = default;
};
}  // namespace heddle
