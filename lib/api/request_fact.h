// RequestFact: what a sidecar remembers of a request that it decided, so that a proposed configuration can be asked
// what it would have done with it (`heddle plan`). No body, no query, no value of a header that no rule in force named,
// and never one that may be a secret: of those only which values of the rules they matched. Pure values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/api/resource.h"

namespace heddle {
// A header or query parameter that a rule in force named when the request was decided.
struct KeptField {
  std::string name;                    // headers in lower case
  std::optional<std::string> value{};  // nothing: the request had none
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
  uint64_t draw = 0;
  std::vector<KeptField> headers{};
  std::vector<KeptField> query{};
  std::vector<KeptMatch> secrets{};
  // What became of it.
  std::string reason = "none";  // name of the Reason of our own answer
  std::string route{};          // "HTTPRoute/default/hello", with "#2" of its rule; empty: none
  std::string backend_set{};    // key text of the set it went to
  std::string policy{};         // that denied it or let it in: "AuthorizationPolicy/default/only-web#1"; empty: none
  bool operator==(const RequestFact&) const = default;
};
}  // namespace heddle
