// What matches, policies and filters may say of header fields and paths: what sidecars and codecs own stays theirs, and
// what they would refuse cannot be configured. Private to lib/config. Pure.
#pragma once
#include <string_view>

namespace heddle::detail {
// What is wrong with a path that requests are compared to; empty: nothing.
std::string_view path_mistake(std::string_view path) noexcept;
bool is_token(std::string_view) noexcept;  // RFC 9110 §5.6.2
// A header that sidecars remove from requests, because callers would say with it who they are (lib/http/rules.h).
bool is_internal_field(std::string_view lower_name) noexcept;

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
