#include "lib/config/content_hash.h"

namespace heddle {
void ContentHasher::put(const Resource& resource) { digests_[resource.key.text()] = sha256(as_bytes(resource.json)); }

void ContentHasher::put(std::string_view key_text, const Sha256Digest& digest) {
  digests_.insert_or_assign(std::string(key_text), digest);
}

void ContentHasher::erase(const ResourceKey& key) { digests_.erase(key.text()); }

bool ContentHasher::holds(const Resource& resource) const {
  auto it = digests_.find(resource.key.text());
  return it != digests_.end() && it->second == sha256(as_bytes(resource.json));
}

ContentHash ContentHasher::value() const {
  Sha256 hash;
  constexpr std::byte kSeparator{0};
  for (const auto& [key, digest] : digests_) {
    hash.update(as_bytes(key));
    hash.update(Bytes(&kSeparator, 1));
    hash.update(digest);
  }
  return hash.finish();
}
}  // namespace heddle
