#include "control/store/stored_resource.h"

#include "lib/api/watch_messages.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kPutFrame = std::string_view("{\"put\":\"\",\"resource\":").size();
constexpr size_t kPutTail = std::string_view("}\n").size();
}  // namespace

StoredResource::StoredResource(Access, ResourceKey key, std::string_view bytes, ResourceMeta meta,
                               std::optional<ParsedSpec> spec)
    : key_(std::move(key)),
      key_text_(key_.text()),
      line_(encode_put(key_text_, bytes)),
      digest_(sha256(as_bytes(bytes))),
      meta_(std::move(meta)),
      spec_(std::move(spec)) {}

StoredResource::Ptr StoredResource::make(ResourceKey key, std::string_view bytes, ResourceMeta meta) {
  Problems problems;
  std::optional<ParsedSpec> spec = parse_resource({key, std::string(bytes)}, problems);
  return std::make_shared<const StoredResource>(Access(), std::move(key), bytes, std::move(meta), std::move(spec));
}

Result<StoredResource::Ptr> StoredResource::make_valid(ResourceKey key, std::string_view bytes, ResourceMeta meta) {
  Problems problems;
  std::optional<ParsedSpec> spec = parse_resource({key, std::string(bytes)}, problems);
  if (spec) return Ptr(std::make_shared<const StoredResource>(Access(), key, bytes, std::move(meta), std::move(spec)));
  ConfigProblems all;
  all.add_all(key, problems);
  return all.to_error();
}

std::string_view StoredResource::bytes() const noexcept {
  size_t start = kPutFrame + key_text_.size();
  return std::string_view(line_).substr(start, line_.size() - start - kPutTail);
}

JsonValue StoredResource::document() const {
  Result<JsonValue> parsed = JsonValue::parse(bytes());
  return parsed ? *parsed : JsonValue();  // we wrote these bytes ourselves
}

JsonValue StoredResource::api_document() const {
  return document()
      .with({"metadata", "uid"}, JsonValue::string(meta_.uid))
      .with({"metadata", "generation"}, JsonValue::integer(static_cast<int64_t>(meta_.generation)))
      .with({"metadata", "resourceVersion"}, JsonValue::string(meta_.version.text()));
}

Result<std::string> served_bytes(const Envelope& envelope, WallTime created) {
  JsonValue time = JsonValue::string(format_time(created));
  Envelope dated{envelope.key, {}, envelope.document.with({"metadata", "creationTimestamp"}, time)};
  HEDDLE_TRY(Resource resource, dated.to_resource());
  return std::move(resource.json);
}
}  // namespace heddle
