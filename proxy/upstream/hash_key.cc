#include "proxy/upstream/hash_key.h"

#include <algorithm>

#include "certs/peer_certificate.h"
#include "proxy/lb/stable_hash.h"

namespace heddle {
namespace {
std::string_view cookie_of(const HeaderMap& fields, std::string_view name) noexcept {
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.id != HeaderName::kCookie) continue;
    if (auto value = find_cookie(field.value, name)) return *value;
  }
  return {};
}

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
  if (on.source == HashSource::kCookie) return cookie_of(fields, on.name);
  std::string_view path = facts.request->path();
  return path.substr(0, path.find('?'));
}

std::string_view trimmed(std::string_view text) noexcept {
  size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}
}  // namespace

std::optional<std::string_view> find_cookie(std::string_view line, std::string_view name) noexcept {
  while (!line.empty()) {
    std::string_view pair = line.substr(0, line.find(';'));
    line.remove_prefix(std::min(line.size(), pair.size() + 1));
    size_t equals = pair.find('=');
    if (equals != pair.npos && trimmed(pair.substr(0, equals)) == name) return trimmed(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<uint64_t> hash_of(const HashOn& on, const HashFacts& facts) noexcept {
  if (on.source == HashSource::kNone) return std::nullopt;
  if (on.source == HashSource::kSourceAddress) return address_hash(facts.connection.peer);
  std::string_view key = key_of(on, facts);
  if (key.empty()) return std::nullopt;
  return stable_hash(key);
}
}  // namespace heddle
