#include "proxy/upstream/hash_key.h"

#include "certs/peer_certificate.h"
#include "lib/http/cookie.h"
#include "proxy/lb/stable_hash.h"

namespace heddle {
namespace {
std::string_view caller_of(const HashFacts& facts) noexcept {
  const PeerCertificate* peer = facts.connection.peer_certificate.get();
  return peer != nullptr && peer->spiffe_id() ? peer->spiffe_id()->text() : facts.own_id;
}

// Of one that dials over loopback nothing is told: so does the application of every pod.
std::optional<uint64_t> address_hash(const Address& caller) noexcept {
  Address::IpText room;
  std::string_view text = caller.ip(room);
  if (text.empty() || text == "127.0.0.1" || text == "::1") return std::nullopt;
  return stable_hash(text);
}

std::string_view key_of(const HashOn& on, const HashFacts& facts) noexcept {
  if (on.source == HashSource::kSourceIdentity) return caller_of(facts);
  if (facts.request == nullptr) return {};
  const HeaderMap& fields = facts.request->fields();
  if (on.source == HashSource::kHeader) return fields.get(on.name).value_or("");
  if (on.source == HashSource::kCookie) return find_cookie(fields, on.name).value_or("");
  std::string_view path = facts.request->path();
  return path.substr(0, path.find('?'));
}
}  // namespace

std::optional<uint64_t> hash_of(const HashOn& on, const HashFacts& facts) noexcept {
  if (on.source == HashSource::kNone) return std::nullopt;
  if (on.source == HashSource::kSourceAddress) return address_hash(facts.connection.peer);
  std::string_view key = key_of(on, facts);
  if (key.empty()) return std::nullopt;
  return stable_hash(key);
}
}  // namespace heddle
