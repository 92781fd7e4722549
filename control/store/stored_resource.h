// StoredResource: one resource as the store keeps it: immutable, shared by every version and every watcher that shows
// it. Two halves: the bytes that sidecars get (the author's envelope and metadata.creationTimestamp, which Gateway API
// uses to break ties; compact, names sorted) and the sidecar-invisible metadata beside them. Applying the same content
// again leaves the bytes equal, so nothing is pushed. Safe on any thread.
#pragma once
#include <memory>

#include "certs/digest.h"
#include "lib/api/envelope.h"
#include "lib/config/parse.h"

namespace heddle {
struct ResourceMeta {
  std::string uid;          // for the life of the object; a deleted and created one gets another
  uint64_t generation = 1;  // counts changes of the spec
  WallTime created;
  Version version;  // metadata.resourceVersion: when it last changed
};

class StoredResource {
 public:
  using Ptr = std::shared_ptr<const StoredResource>;
  // `bytes` as from served_bytes().
  static Ptr make(ResourceKey key, std::string_view bytes, ResourceMeta meta);
  // The same, but refuses bytes whose spec is not valid by itself, with every problem.
  static Result<Ptr> make_valid(ResourceKey key, std::string_view bytes, ResourceMeta meta);

  const ResourceKey& key() const noexcept { return key_; }
  const std::string& key_text() const noexcept { return key_text_; }
  std::string_view bytes() const noexcept;
  const Sha256Digest& digest() const noexcept { return digest_; }  // of bytes()
  // The whole line {"put":"<key>","resource":<bytes>}\n, made once for all watchers.
  const std::string& line() const noexcept { return line_; }
  const ResourceMeta& meta() const noexcept { return meta_; }
  // What the bytes say, parsed once for all; nothing when this version cannot read them (only after an upgrade back).
  const std::optional<ParsedSpec>& spec() const noexcept { return spec_; }
  JsonValue document() const;
  // The envelope the API shows: with uid, resourceVersion and generation.
  JsonValue api_document() const;

  struct Access {
   private:
    friend class StoredResource;
    Access() = default;
  };
  StoredResource(Access, ResourceKey key, std::string_view bytes, ResourceMeta meta, std::optional<ParsedSpec> spec);

 private:
  ResourceKey key_;
  std::string key_text_;
  std::string line_;
  Sha256Digest digest_;
  ResourceMeta meta_;
  std::optional<ParsedSpec> spec_;
};

// The author's envelope as sidecars get it; kTooLarge above kMaxResourceBytes.
Result<std::string> served_bytes(const Envelope&, WallTime created);
}  // namespace heddle
