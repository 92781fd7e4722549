// KeptNames: which header fields and query parameters the rules of a configuration name, so that sidecars remember
// their values of some requests (lib/api/request_fact.h): matches of HTTPRoutes and GRPCRoutes, of
// AuthorizationPolicies, of RateLimitPolicies and of a Workload's priorities, the fields a fault asks for, and where a
// route has a CORS filter `origin` and `access-control-request-method`. Of a field that may hold a secret what is asked
// is kept instead of its name. Not named: what only chooses an endpoint or a bucket (hashing, sessions, keys of rate
// limits). Pure; made with each Snapshot, never by a request; immutable, and the same object while it says the same.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/config/model.h"

namespace heddle {
// One thing that a rule asks of a field whose value is not kept.
struct SecretQuestion {
  std::string name;   // lower case
  std::string match;  // "Exact secret", "RegularExpression ^a"; "present"
  std::string value;  // of Exact
  Regex regex{};      // of RegularExpression
  bool is_presence = false;
  bool asks(std::string_view field) const noexcept {
    return is_presence || (regex ? regex.matches(field) : field == value);
  }
  bool operator==(const SecretQuestion& other) const noexcept { return name == other.name && match == other.match; }
};

class KeptNames {
 public:
  static constexpr size_t kMost = 32;  // of each; the first by name

  // `before`, which may be nullptr, when that says the same.
  static std::shared_ptr<const KeptNames> of(const Model&, const std::shared_ptr<const KeptNames>& before);
  std::span<const std::string> headers() const noexcept { return headers_; }  // none is a secret
  std::span<const std::string> query() const noexcept { return query_; }      // percent-decoded
  std::span<const SecretQuestion> secrets() const noexcept { return secrets_; }
  bool operator==(const KeptNames&) const = default;

 private:
  std::vector<std::string> headers_;
  std::vector<std::string> query_;
  std::vector<SecretQuestion> secrets_;
};
}  // namespace heddle
