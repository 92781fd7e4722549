// Which header fields a filter may change, and which paths and hosts it may write: what sidecars and codecs own stays
// theirs, and what they would refuse cannot be configured. Private to lib/config. Pure.
#pragma once
#include <string_view>

namespace heddle::detail {
enum class FieldOwner : unsigned char { kRequest, kResponse };

// Why a filter may not touch the field; empty: it may. Fields of the connection and of framing (RFC 9110 §7.6.1, §6.4),
// `host`, `expect`, and those by which meshes say who somebody is (lib/http/rules.h); names that some servers take for
// one of these (`content_length`) as well.
std::string_view field_mistake(std::string_view lower_name, FieldOwner) noexcept;
// The value of a field (RFC 9110 §5.5): no control byte but HTAB, no white space at the ends.
bool is_field_text(std::string_view) noexcept;
// Why requests may not be given this path; empty: they may. Stricter than lib/http/rules.h, so that what is put
// together from it and the rest of a good path is a good path: no `//`, no dot segment in any spelling, no escaped
// separator.
std::string_view written_path_mistake(std::string_view) noexcept;
}  // namespace heddle::detail
