// RequestFact: what a sidecar remembers of a request that it decided, so that a proposed configuration can be asked
// what it would have done with it (`heddle plan`). No body, no query, no value of a header that no rule in force named,
// and never one that may be a secret: of those only which values of the rules they matched. Nothing is cut: what does
// not fit is not there, and then nobody knows. Pure values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/api/resource.h"

namespace heddle {
// How many requests of a sidecar are remembered (of all workers together), and which share of them at random.
inline constexpr size_t kMaxFacts = 1000;
inline constexpr uint32_t kFactShare = 16;

// Bytes of the texts of a fact, and how many fields one has. A request beyond those of the first line is not
// remembered, a field beyond the others is not known.
inline constexpr size_t kMaxFactMethod = 32, kMaxFactHost = 255, kMaxFactPath = 1024;
inline constexpr size_t kMaxFactName = 256, kMaxFactValue = 512, kMaxFactMatch = 320;
inline constexpr size_t kMaxFactReference = 600;  // of a resource, with the number of its rule
inline constexpr size_t kMaxFactFields = 64;      // of headers, query parameters, secrets each

// A header or query parameter that a rule in force named when the request was decided. One that came several times
// stands there as often, in its order.
struct KeptField {
  std::string name;                    // headers in lower case
  std::optional<std::string> value{};  // nothing: the request had none; of a query parameter as sent
  bool operator==(const KeptField&) const = default;
};

// The same of a header whose value is not kept: authorization, proxy-authorization, cookie, set-cookie,
// x-forwarded-client-cert. Of each value that a rule in force asked it for, whether it was that.
struct KeptMatch {
  std::string name;
  std::string match;  // as the rule says it: "Exact secret", "RegularExpression ^a"; "present" of the field itself
  bool matched = false;
  bool operator==(const KeptMatch&) const = default;
};
inline constexpr std::string_view kFactPresent = "present";
// Names of headers are in lower case.
constexpr bool is_secret_header(std::string_view name) noexcept {
  constexpr std::string_view kSecret[] = {"authorization", "proxy-authorization", "cookie", "set-cookie",
                                          "x-forwarded-client-cert"};
  for (std::string_view secret : kSecret) {
    if (name == secret) return true;
  }
  return false;
}

enum class FactDirection : uint8_t { kOutbound, kInbound };

struct RequestFact {
  FactDirection direction = FactDirection::kOutbound;
  Version version;  // of the configuration that decided
  std::string method;
  std::string host;       // as sent, with its port; empty of a connection
  std::string path;       // without query; empty of a connection
  std::string peer;       // SPIFFE id: inbound of the caller, empty without one; outbound our own
  std::string ns;         // of the application beside the sidecar
  std::string service{};  // outbound of a listener for one service: its key text; else empty: found by `host`
  uint16_t port = 0;      // inbound: of the listener's application
  uint64_t draw = 0;      // outbound
  std::vector<KeptField> headers{};
  std::vector<KeptField> query{};
  std::vector<KeptMatch> secrets{};
  // What became of it; of a request that is still under way what is known by now.
  std::string reason = "none";  // name of the Reason of our own answer
  std::string route{};          // "HTTPRoute/default/hello#2": its rule, from 0; empty: none
  std::string backend_set{};    // key text of the set it went to
  // That denied or audited it: "AuthorizationPolicy/default/only-web#1", instead of the rule "default", "none",
  // "foreign"; "RateLimitPolicy/default/hello#0" that limited it; empty: none did.
  std::string policy{};
  bool operator==(const RequestFact&) const = default;
};

// What a sidecar remembers, from the oldest of each worker on.
struct KeptFacts {
  std::vector<RequestFact> facts{};
  uint64_t seen = 0;  // how many requests they stand for
};
}  // namespace heddle
