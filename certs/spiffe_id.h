// SpiffeId: "spiffe://<trust domain>[/path]": one string and the index where the path begins, shared by its copies (the
// endpoints of a mesh have few ids among thousands of them). Pure value, impossible to build invalid. Parsing is strict
// (SPIFFE-ID §2): no upper case before the path, no percent-encoding, user, port, query or fragment, no empty or dot
// segments, no trailing slash, at most 2048 bytes; one message per cause, nothing is repaired. An id without a path is
// valid here (it names a signing authority) but not in a leaf certificate.
#pragma once
#include <compare>
#include <memory>
#include <optional>

#include "certs/trust_domain.h"

namespace heddle {
class SpiffeId {
 public:
  // What the Kubernetes convention reads from /ns/<name_space>/sa/<service_account>. Views into the id.
  struct Workload {
    std::string_view name_space;
    std::string_view service_account;
  };

  SpiffeId(const SpiffeId&) = default;
  SpiffeId& operator=(const SpiffeId&) = default;
  static Result<SpiffeId> parse(std::string_view uri);
  // The path is "" or "/segment[/segment...]".
  static Result<SpiffeId> from_path(const TrustDomain&, std::string_view path);
  // spiffe://<domain>/ns/<name_space>/sa/<service_account>
  static Result<SpiffeId> for_workload(const TrustDomain&, std::string_view name_space,
                                       std::string_view service_account);

  const std::string& text() const noexcept { return held_->text; }
  TrustDomain trust_domain() const { return TrustDomain(trust_domain_name()); }
  std::string_view trust_domain_name() const noexcept;  // the same without a copy
  std::string_view path() const noexcept { return std::string_view(held_->text).substr(held_->path_at); }
  std::optional<Workload> workload() const noexcept;

  bool operator==(const SpiffeId& other) const noexcept { return held_ == other.held_ || text() == other.text(); }
  auto operator<=>(const SpiffeId& other) const noexcept { return text() <=> other.text(); }

 private:
  struct Held {
    std::string text;
    size_t path_at;
  };
  SpiffeId(std::string text, size_t path_at) : held_(std::make_shared<const Held>(Held{std::move(text), path_at})) {}
  std::shared_ptr<const Held> held_;  // never null: what is moved from keeps it
};
}  // namespace heddle

template <>
struct std::hash<heddle::SpiffeId> {
  size_t operator()(const heddle::SpiffeId& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
