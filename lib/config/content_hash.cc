#include "lib/config/content_hash.h"

namespace heddle {
void ContentHasher::put(const Resource& resource) { digests_[resource.key.text()] = sha256(as_bytes(resource.json)); }

void ContentHasher::put(std::string_view key_text, const Sha256Digest& digest) {
  auto at = digests_.lower_bound(key_text);
  if (at != digests_.end() && at->first == key_text) {
    at->second = digest;
  } else {
    digests_.emplace_hint(at, key_text, digest);
  }
}

void ContentHasher::erase(const ResourceKey& key) { digests_.erase(key.text()); }

bool ContentHasher::holds(const Resource& resource) const {
  auto it = digests_.find(resource.key.text());
  return it != digests_.end() && it->second == sha256(as_bytes(resource.json));
}

// By pieces of many entries: an update costs more than what it hashes of one.
ContentHash ContentHasher::value() const {
  constexpr size_t kPiece = 4096;
  Sha256 hash;
  std::string piece;
  for (const auto& [key, digest] : digests_) {
    piece.append(key).push_back('\0');
    piece.append(as_text(digest));
    if (piece.size() < kPiece) continue;
    hash.update(as_bytes(piece));
    piece.clear();
  }
  hash.update(as_bytes(piece));
  return hash.finish();
}
}  // namespace heddle
