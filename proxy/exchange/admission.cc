#include "proxy/exchange/admission.h"

#include <charconv>
#include <cstring>

#include "certs/peer_certificate.h"

namespace heddle {
namespace {
class TextWriter {
 public:
  explicit TextWriter(std::span<char> room) : room_(room) {}
  void add(std::string_view text) noexcept {
    size_t size = std::min(text.size(), room_.size() - used_);
    std::memcpy(room_.data() + used_, text.data(), size);
    used_ += size;
  }
  void add(uint64_t number) noexcept {
    std::array<char, 24> digits{};
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    add(std::string_view(digits.data(), static_cast<size_t>(end - digits.data())));
  }
  std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  size_t used_ = 0;
};
}  // namespace

AuthzFacts authz_facts_of(const ConnectionInfo& caller, uint16_t port, const RequestHead* request) noexcept {
  AuthzFacts out;
  bool known = caller.peer_certificate != nullptr && caller.peer_certificate->spiffe_id();
  if (known) out.peer = &*caller.peer_certificate->spiffe_id();
  out.is_foreign = caller.is_foreign;
  out.port = port;
  out.request = request;
  return out;
}

std::string_view authz_reason_text(const AuthzNote& note, AuthzText& room) noexcept {
  TextWriter out(room);
  out.add(info(Reason::kAuthzDenied).name);
  if (note.policy == nullptr) return out.text();
  out.add("; policy=");
  out.add(note.policy->key.ns);
  out.add("/");
  out.add(note.policy->key.name);
  out.add("; rule=");
  if (note.cause == AuthzCause::kRule) {
    out.add(note.rule);
  } else {
    out.add(to_text(note.cause));
  }
  out.add("; version=");
  out.add(note.version);
  return out.text();
}
}  // namespace heddle
