#include "lib/http/http2_field_rules.h"

#include <utility>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
std::optional<PseudoField> pseudo_field(std::string_view name) {
  if (name == ":method") return PseudoField::kMethod;
  if (name == ":path") return PseudoField::kPath;
  if (name == ":scheme") return PseudoField::kScheme;
  if (name == ":authority") return PseudoField::kAuthority;
  if (name == ":status") return PseudoField::kStatus;
  if (name == ":protocol") return PseudoField::kProtocol;
  return std::nullopt;
}
}  // namespace

void Http2FieldRules::begin(Http2Block block) noexcept {
  *this = Http2FieldRules();
  block_ = block;
}

std::optional<PseudoField> Http2FieldRules::pseudo(std::string_view name, std::string_view value) noexcept {
  std::optional<PseudoField> field = pseudo_field(name);
  if (!field || block_ == Http2Block::kTrailers || regular_seen_ || seen_.has(*field)) return std::nullopt;
  bool of_response = *field == PseudoField::kStatus;
  if (of_response != (block_ == Http2Block::kResponse) || !is_field_value(value)) return std::nullopt;
  seen_.set(*field);
  if (*field == PseudoField::kMethod) is_connect_ = value == "CONNECT";
  if (of_response && !take_status(value)) return std::nullopt;
  return field;
}

bool Http2FieldRules::regular(HeaderName id, std::string_view name, std::string_view value) noexcept {
  regular_seen_ = true;
  if (!is_field_value(value)) return false;
  using enum HeaderName;
  switch (id) {
    case kOther:
      return is_lower_token(name);
    case kTe:
      return equals_ignore_case(value, "trailers");
    case kHost:
      return !std::exchange(host_seen_, true) || block_ != Http2Block::kRequest;
    case kContentLength:
      return block_ == Http2Block::kTrailers || take_content_length(value);
    case kHttp2Settings:  // of an upgrade that did not happen: dropped, not judged
      return true;
    default:
      return !is_connection_level(id);
  }
}

// Three digits; 101 does not exist in HTTP/2 (RFC 9113 §8.6).
bool Http2FieldRules::take_status(std::string_view value) noexcept {
  if (value.size() != 3) return false;
  status_ = parse_int<uint16_t>(value).value_or(0);
  return status_ >= 100 && status_ != 101;
}

bool Http2FieldRules::take_content_length(std::string_view value) noexcept {
  if (std::exchange(length_seen_, true)) return false;
  std::optional<uint64_t> length = parse_int<uint64_t>(value);
  if (!length || *length > INT64_MAX) return false;
  bool is_response = block_ == Http2Block::kResponse;
  if (is_response && status_ / 100 == 1) return false;
  if (is_response && status_ == 204) return value == "0";  // RFC 9110 §8.6 forbids it; servers in use send it
  content_length_ = length;
  return true;
}

bool Http2FieldRules::is_complete() const noexcept {
  if (block_ == Http2Block::kTrailers) return true;
  if (block_ == Http2Block::kResponse) return seen_.has(PseudoField::kStatus);
  bool has_scheme = seen_.has(PseudoField::kScheme);
  bool has_path = seen_.has(PseudoField::kPath);
  bool has_authority = seen_.has(PseudoField::kAuthority);
  bool is_extended = seen_.has(PseudoField::kProtocol);
  if (is_connect_ && !is_extended) return has_authority && !has_scheme && !has_path;
  if (is_extended && (!is_connect_ || !has_authority)) return false;
  return seen_.has(PseudoField::kMethod) && has_scheme && has_path && (has_authority || host_seen_);
}
}  // namespace heddle
