#include "lib/config/field_rules.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr std::string_view kConnectionFields[] = {
    "connection", "http2-settings",    "keep-alive", "proxy-connection", "te",
    "trailer",    "transfer-encoding", "upgrade",    "content-length"};

bool is_of_connection(std::string_view name) noexcept {
  return std::find(std::begin(kConnectionFields), std::end(kConnectionFields), name) != std::end(kConnectionFields);
}

std::string_view plain_mistake(std::string_view name, FieldOwner owner) noexcept {
  if (is_of_connection(name)) return "is a field of the connection or of framing";
  if (is_internal_field(name) || name.starts_with("x-envoy-")) {
    return "is a field by which sidecars say who somebody is, or remove";
  }
  if (owner == FieldOwner::kResponse) return {};
  if (name == "host") return "cannot be modified; use urlRewrite.hostname";
  if (name == "expect") return "belongs to the client";
  return {};
}

bool is_hex(char c) noexcept { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// `%` and two digits, none of them for a byte that separates, ends or hides a segment.
bool has_bad_escape(std::string_view path) noexcept {
  for (size_t at = path.find('%'); at != path.npos; at = path.find('%', at + 1)) {
    if (at + 2 >= path.size() || !is_hex(path[at + 1]) || !is_hex(path[at + 2])) return true;
    std::array<char, 2> digits = {path[at + 1], static_cast<char>(path[at + 2] | 0x20)};
    std::string_view code(digits.data(), 2);
    bool is_control = digits[0] == '0' || digits[0] == '1' || code == "7f";
    if (is_control || code == "2e" || code == "2f" || code == "5c") return true;
  }
  return false;
}

// `/.;x` and `/..;x` are dot segments to some servers.
bool has_dots_with_parameters(std::string_view path) noexcept {
  return path.find("/.;") != path.npos || path.find("/..;") != path.npos;
}
}  // namespace

std::string_view field_mistake(std::string_view name, FieldOwner owner) noexcept {
  if (!is_token(name)) return "is not the name of a header field";
  std::string_view mistake = plain_mistake(name, owner);
  constexpr size_t kLongest = 64;
  if (!mistake.empty() || name.size() > kLongest || name.find('_') == name.npos) return mistake;
  std::array<char, kLongest> plain{};
  std::replace_copy(name.begin(), name.end(), plain.begin(), '_', '-');
  return plain_mistake({plain.data(), name.size()}, owner);
}

bool is_field_text(std::string_view text) noexcept {
  auto fits = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (!std::all_of(text.begin(), text.end(), fits)) return false;
  return text.empty() || (!is_space(text.front()) && !is_space(text.back()));
}

std::string_view written_path_mistake(std::string_view path) noexcept {
  if (std::string_view mistake = path_mistake(path); !mistake.empty()) return mistake;
  if (has_bad_escape(path)) return "has an escape that is broken or hides '.', '/', '\\' or a control byte";
  if (has_dots_with_parameters(path)) return "has a dot segment";
  if (path.find_first_of("\"<>`{}") != path.npos) return "has a byte that must be percent-encoded";
  return {};
}

bool is_internal_field(std::string_view name) noexcept {
  constexpr std::string_view kPrefixes[] = {"heddle-", "x-heddle-", "x-mesh-", "l5d-"};
  return name == "x-forwarded-client-cert" ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto prefix) { return name.starts_with(prefix); });
}

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  auto is_token_char = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != kOthers.npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// The Gateway API's CEL rules, and no '?': a value that is not its own normal form would never match.
std::string_view path_mistake(std::string_view path) noexcept {
  if (!path.starts_with('/')) return "must begin with '/'";
  for (std::string_view bad : {"//", "/./", "/../", "%2f", "%2F", "#", "?", "\\", "%5c", "%5C", "%00"}) {
    if (path.find(bad) != std::string_view::npos) return "must not contain any of // /./ /../ %2f %5c %00 # ? \\";
  }
  if (path.ends_with("/.") || path.ends_with("/..")) return "must not end in /. or /..";
  bool printable = std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return printable ? std::string_view() : "must be printable ASCII without spaces; percent-encode the rest";
}
}  // namespace heddle::detail
