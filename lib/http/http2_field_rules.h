// Http2FieldRules: whether the fields of one HTTP/2 header block make a well-formed message (RFC 9113 §8.1-8.3, §8.5;
// RFC 8441 §4). nghttp2 is told not to judge them: one verdict, in one place, for what is stored anyway. Pure; one per
// connection, because blocks do not interleave. A malformed block is a stream error of type PROTOCOL_ERROR.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/flags.h"
#include "lib/http/header_name.h"

namespace heddle {
enum class Http2Block : uint8_t { kRequest, kResponse, kTrailers };
enum class PseudoField : uint8_t { kMethod, kScheme, kAuthority, kPath, kProtocol, kStatus };

class Http2FieldRules {
 public:
  void begin(Http2Block) noexcept;
  // What pseudo field it is; nothing when it may not stand here: unknown, of the other direction, repeated, in
  // trailers or after a regular field.
  std::optional<PseudoField> pseudo(std::string_view name, std::string_view value) noexcept;
  // False: not lower case, not a token, a connection-level field, a value with a control byte or blanks around it, a
  // second host or content-length, a content-length that is no number below 2^63 or where none may be.
  bool regular(HeaderName, std::string_view name, std::string_view value) noexcept;
  // The block is over: everything that must be there was there.
  bool is_complete() const noexcept;

  uint16_t status() const noexcept { return status_; }
  // Not that of a 204, which may say "0" and means nothing by it.
  std::optional<uint64_t> content_length() const noexcept { return content_length_; }

 private:
  bool take_status(std::string_view value) noexcept;
  bool take_content_length(std::string_view value) noexcept;

  Http2Block block_ = Http2Block::kRequest;
  Flags<PseudoField> seen_;
  bool regular_seen_ = false;
  bool host_seen_ = false;
  bool length_seen_ = false;
  bool is_connect_ = false;
  uint16_t status_ = 0;
  std::optional<uint64_t> content_length_;
};
}  // namespace heddle
