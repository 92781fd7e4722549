// TrustDomain: the name of one root of trust, as "cluster.local". Pure value, impossible to build invalid.
// 1-255 bytes of [a-z0-9.-_] (SPIFFE-ID §2.1, §2.3); an upper-case letter is refused, never folded.
// A name that looks like an IPv4 address is a name like any other.
#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace heddle {
class TrustDomain {
 public:
  static Result<TrustDomain> parse(std::string_view name);

  const std::string& name() const noexcept { return name_; }
  std::string id() const;  // "spiffe://<name>": the id of its signing certificates (X509-SVID §3.2)
  auto operator<=>(const TrustDomain&) const = default;

 private:
  friend class SpiffeId;  // has parsed the name already
  explicit TrustDomain(std::string_view valid) : name_(valid) {}
  std::string name_;
};
}  // namespace heddle

template <>
struct std::hash<heddle::TrustDomain> {
  size_t operator()(const heddle::TrustDomain& domain) const noexcept {
    return std::hash<std::string>{}(domain.name());
  }
};
