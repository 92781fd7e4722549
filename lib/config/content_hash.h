// The hash of a set of resources: SHA-256 over every (key text, 0x00, SHA-256 of the resource's bytes), ordered by key
// text. Control plane and sidecar compute it alike from the bytes as they were sent; nobody re-serialises to compare
// (docs/watch-protocol.md). Kept up to date resource by resource. Pure value.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "certs/digest.h"
#include "lib/api/resource.h"

namespace heddle {
using ContentHash = Sha256Digest;

class ContentHasher {
 public:
  void put(const Resource&);
  // For who knows the digest of the bytes already.
  void put(std::string_view key_text, const Sha256Digest& digest);
  void erase(const ResourceKey&);
  void clear() { digests_.clear(); }
  // Whether that resource is there with exactly these bytes.
  bool holds(const Resource&) const;
  ContentHash value() const;
  size_t size() const noexcept { return digests_.size(); }

 private:
  std::map<std::string, Sha256Digest, std::less<>> digests_;  // by key text
};
}  // namespace heddle
