// The Kubernetes envelope around every resource: apiVersion, kind, metadata, spec, status. Reads a document into a key
// and metadata, and makes the bytes that are stored and sent. Pure; knows no spec (lib/config does).
// Author input is strict: unknown fields are refused; what the server owns (uid, resourceVersion, generation,
// creationTimestamp, managedFields, status) is accepted and dropped, because people apply what they got.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "lib/api/resource.h"
#include "lib/base/json_reader.h"

namespace heddle {
enum class EnvelopeSource : uint8_t {
  kAuthor,  // files and the API: server-owned fields are dropped
  kStored,  // the store and the wire: they are kept
};

struct EnvelopeOptions {
  EnvelopeSource source = EnvelopeSource::kAuthor;
  std::string_view default_namespace = "default";
};

using Labels = std::map<std::string, std::string>;

struct Metadata {
  Labels labels;
  Labels annotations;
  std::optional<WallTime> created;
  std::string resource_version;
};

struct Envelope {
  ResourceKey key;
  Metadata metadata;
  JsonValue document;  // complete, with the namespace filled in
  // Compact bytes with sorted names: equal input gives equal bytes. At most kMaxResourceBytes, else kTooLarge.
  Result<Resource> to_resource() const;
};

inline constexpr size_t kMaxLabels = 64;
inline constexpr size_t kMaxAnnotationBytes = 256 * 1024;

// Nothing when a problem was added. A kind that this version does not support is a problem of kUnsupported.
std::optional<Envelope> read_envelope(const JsonValue& document, const EnvelopeOptions&, Problems&);
}  // namespace heddle
