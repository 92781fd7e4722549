#include "lib/http/rules.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "lib/base/strings.h"

namespace heddle {
namespace {
enum CharClass : uint8_t {
  kTokenChar = 1,
  kValueChar = 2,
  kHostChar = 4,
  kPathChar = 8,
  kQueryChar = 16,
  kLowerChar = 32
};

constexpr bool is_alnum(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool any_of(unsigned c, std::string_view set) { return set.find(static_cast<char>(c)) != set.npos; }

constexpr uint8_t classes_of(unsigned c) {
  unsigned out = 0;
  bool visible = c > 0x20 && c < 0x7f;
  if (is_alnum(c) || (visible && any_of(c, "!#$%&'*+-.^_`|~"))) out |= kTokenChar;
  if ((out & kTokenChar) != 0 && !(c >= 'A' && c <= 'Z')) out |= kLowerChar;
  if (c == '\t' || (c >= 0x20 && c != 0x7f)) out |= kValueChar;
  if (is_alnum(c) || (visible && any_of(c, "-._~"))) out |= kHostChar;
  // RFC 3986 plus what the URL standard lets browsers send unescaped.
  if (visible && !any_of(c, "\"#<>")) out |= kQueryChar;
  if (visible && !any_of(c, "\"#<>\\`{}?")) out |= kPathChar;
  return static_cast<uint8_t>(out);
}
constexpr std::array<uint8_t, 256> make_table() {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = classes_of(c);
  return table;
}
constexpr std::array<uint8_t, 256> kClasses = make_table();

bool has_class(char c, CharClass wanted) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

bool all_of_class(std::string_view text, CharClass wanted) {
  unsigned all = wanted;
  for (char c : text) all &= kClasses[static_cast<unsigned char>(c)];
  return all != 0;
}

// Eight bytes at once: true when one of them may be below 0x20 or 0x7f. Field values are most of what is parsed.
bool has_suspect(const char* eight) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x80 * kOnes;
  uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  uint64_t low = (word - 0x20 * kOnes) & ~word;
  uint64_t deleted = word ^ (0x7f * kOnes);
  return ((low | ((deleted - kOnes) & ~deleted)) & kHighs) != 0;
}

// The same of sixteen, in the registers every 64-bit processor has.
bool has_suspect_of_sixteen(const char* sixteen) {
  using Bytes [[gnu::vector_size(16)]] = unsigned char;
  Bytes bytes;
  std::memcpy(&bytes, sixteen, sizeof bytes);
  auto suspect = (bytes < 0x20) | (bytes == 0x7f);
  std::array<uint64_t, 2> halves;
  std::memcpy(halves.data(), &suspect, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

bool is_all_value_chars(std::string_view text) {
  size_t size = text.size();
  if (size < 8) return all_of_class(text, kValueChar);
  const char* end = text.data() + size;
  bool suspect = false;
  if (size < 16) {
    suspect = has_suspect(text.data()) | has_suspect(end - 8);  // may overlap
  } else {
    suspect = has_suspect_of_sixteen(end - 16);  // may overlap the last of the others
    for (const char* at = text.data(); end - at > 16; at += 16) suspect |= has_suspect_of_sixteen(at);
  }
  return !suspect || all_of_class(text, kValueChar);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte that `%xx` at the start of `text` stands for.
std::optional<int> escaped_byte(std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  int high = hex_value(text[1]);
  int low = hex_value(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return high * 16 + low;
}

Error bad_request(std::string_view what) {
  return make_error(Reason::kBadRequest, std::string(what), Origin::kDownstream);
}

// What a segment starts with once its dots are decoded; parameters (`..;v=1`) do not make it another segment, also
// where their `;` is escaped: some servers decode first.
bool is_dot_segment(std::string_view segment) {
  size_t dots = 0;
  while (!segment.empty()) {
    bool plain = segment.front() != '%';
    int byte = plain ? segment.front() : escaped_byte(segment).value_or(-1);
    if (byte == ';') break;
    if (byte != '.') return false;
    segment.remove_prefix(plain ? 1 : 3);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

Result<void> check_escapes(std::string_view path) {
  for (size_t at = path.find('%'); at != path.npos; at = path.find('%', at + 1)) {
    std::optional<int> byte = escaped_byte(path.substr(at));
    if (!byte) return bad_request("the path has a `%` that two hexadecimal digits do not follow");
    if (*byte == '/' || *byte == '\\') return bad_request("the path has an escaped `/` or `\\` (%2f, %5c)");
    if (*byte < 0x20 || *byte == 0x7f) return bad_request("the path has an escaped control byte");
  }
  return {};
}

bool has_dot_segment(std::string_view path) {
  for (size_t start = 1; start <= path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    if (end > start && is_dot_segment(path.substr(start, end - start))) return true;
    start = end + 1;
  }
  return false;
}

bool is_port(std::string_view text) {
  std::optional<uint32_t> port = text.size() <= 5 ? parse_int<uint32_t>(text) : std::nullopt;
  return port && *port >= 1 && *port <= 65535;
}

bool is_ip_literal(std::string_view text) {
  if (text.size() < 2 || text.size() > 45 || text.find(':') == text.npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool literal = false;
};
std::optional<HostPort> split_authority(std::string_view text) {
  HostPort out;
  size_t end = text.find(':');
  if (!text.empty() && text.front() == '[') {
    size_t close = text.find(']');
    if (close == text.npos) return std::nullopt;
    out.literal = true;
    out.host = text.substr(1, close - 1);
    end = close + 1;
    if (end < text.size() && text[end] != ':') return std::nullopt;
  } else {
    out.host = text.substr(0, end);
  }
  if (end < text.size()) out.port = text.substr(end + 1);
  return out;
}

Result<void> check_connect(const RequestHead& head) {
  if (!is_authority(head.authority()) || !authority_has_port(head.authority()))
    return bad_request("CONNECT needs `host:port`");
  return make_error(Reason::kUnsupported, "CONNECT tunnels are not carried", Origin::kDownstream);
}

bool is_security_field(HeaderName name) {
  using enum HeaderName;
  switch (name) {
    case kAuthorization:
    case kCookie:
    case kExpect:
    case kForwarded:
    case kHeddleReason:
    case kHeddleVia:
    case kProxyAuthorization:
    case kVia:
    case kXForwardedClientCert:
    case kXForwardedFor:
    case kXForwardedHost:
    case kXForwardedProto:
      return true;
    default:
      return false;
  }
}

bool is_framing_or_routing(HeaderName name) {
  using enum HeaderName;
  return name == kContentLength || name == kTransferEncoding || name == kHost;
}

// Prefixes that say who somebody is: ours, and those of the meshes people come from. Asked of every field that has no
// HeaderName of its own: the first letter is enough for nearly all of them.
bool has_claim_prefix(std::string_view name) {
  switch (name.empty() ? '\0' : name.front()) {
    case 'h':
      return name.starts_with("heddle-");
    case 'l':
      return name.starts_with("l5d-");
    case 'x':
      return name.starts_with("x-heddle-") || name.starts_with("x-mesh-");
    default:
      return false;
  }
}
bool has_envoy_prefix(std::string_view name) { return name.starts_with("x-envoy-"); }
bool has_identity_prefix(std::string_view name) { return has_claim_prefix(name) || has_envoy_prefix(name); }
}  // namespace

bool is_token_char(char c) noexcept { return has_class(c, kTokenChar); }

bool is_lower_token(std::string_view text) noexcept { return !text.empty() && all_of_class(text, kLowerChar); }

bool is_token(std::string_view text) noexcept { return !text.empty() && all_of_class(text, kTokenChar); }

bool is_field_value(std::string_view text) noexcept {
  if (!is_all_value_chars(text)) return false;
  return text.empty() || (text.front() != ' ' && text.front() != '\t' && text.back() != ' ' && text.back() != '\t');
}

bool is_authority(std::string_view text) noexcept {
  std::optional<HostPort> parts = split_authority(text);
  if (!parts || parts->host.empty() || parts->host.size() > kMaxHostBytes) return false;
  if (parts->port && !is_port(*parts->port)) return false;
  return parts->literal ? is_ip_literal(parts->host) : all_of_class(parts->host, kHostChar);
}

bool authority_has_port(std::string_view text) noexcept {
  std::optional<HostPort> parts = split_authority(text);
  return parts && parts->port.has_value();
}

Result<void> check_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return bad_request("the path does not begin with `/`");
  std::string_view query;
  if (size_t mark = path.find('?'); mark != path.npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (!all_of_class(query, kQueryChar)) return bad_request("the query has a byte that must be escaped");
  if (!all_of_class(path, kPathChar)) return bad_request("the path has a byte that must be escaped");
  HEDDLE_CHECK_OK(check_escapes(path));
  if (has_dot_segment(path)) return bad_request("the path has a dot segment; send the path it means");
  return {};
}

Result<void> check_request_head(const RequestHead& head) {
  std::string_view method = head.method();
  if (method.size() > kMaxMethodBytes || !is_token(method))
    return bad_request("the method is not a token of 1-32 bytes");
  if (head.is_connect() && head.protocol().empty()) return check_connect(head);
  bool authority_may_lack = head.version == HttpVersion::kHttp10 && head.authority().empty();
  if (!authority_may_lack && !is_authority(head.authority()))
    return bad_request("the host is not `name` or `name:port`");
  if (head.scheme() != "http" && head.scheme() != "https") return bad_request("the scheme is not http or https");
  if (head.path() == "*") {
    if (method == "OPTIONS") return {};
    return bad_request("the target `*` belongs to OPTIONS");
  }
  return check_path(head.path());
}

bool is_connection_level(HeaderName name) noexcept {
  using enum HeaderName;
  switch (name) {
    case kConnection:
    case kHttp2Settings:
    case kKeepAlive:
    case kProxyConnection:
    case kTe:
    case kTransferEncoding:
    case kUpgrade:
      return true;
    default:
      return false;
  }
}

bool may_be_nominated(std::string_view lower_name) noexcept {
  HeaderName name = header_name(lower_name);
  if (is_framing_or_routing(name) || is_security_field(name)) return false;
  return lower_name != "set-cookie" && !has_identity_prefix(lower_name);
}

bool is_masked_name(std::string_view lower_name) noexcept {
  if (lower_name.size() > 64 || lower_name.find('_') == lower_name.npos) return false;
  std::array<char, 64> plain{};
  std::replace_copy(lower_name.begin(), lower_name.end(), plain.begin(), '_', '-');
  std::string_view name(plain.data(), lower_name.size());
  return is_connection_level(header_name(name)) || !may_be_nominated(name);
}

bool is_identity_claim(const HeaderField& field) noexcept {
  if (field.id == HeaderName::kOther) return has_claim_prefix(field.name);
  return field.id == HeaderName::kXForwardedClientCert || field.id == HeaderName::kHeddleReason;
}

bool is_envoy_field(const HeaderField& field) noexcept {
  return field.id == HeaderName::kOther && has_envoy_prefix(field.name);
}

bool is_forbidden_trailer(const HeaderField& field) noexcept {
  if (is_connection_level(field.id) || is_framing_or_routing(field.id) || is_security_field(field.id)) return true;
  using enum HeaderName;
  switch (field.id) {
    case kContentType:
    case kLocation:
    case kRetryAfter:
    case kTrailer:
      return true;
    case kOther:
      break;
    default:
      return false;
  }
  constexpr std::array<std::string_view, 9> kNames = {"age",           "cache-control",    "content-encoding",
                                                      "content-range", "max-forwards",     "range",
                                                      "set-cookie",    "www-authenticate", "proxy-authenticate"};
  if (std::find(kNames.begin(), kNames.end(), field.name) != kNames.end()) return true;
  return has_identity_prefix(field.name) || is_masked_name(field.name);
}

void strip_trailers(HeaderMap& trailers) noexcept {
  for (size_t i = trailers.size(); i-- > 0;) {
    if (is_forbidden_trailer(trailers.at(i))) trailers.remove_at(i);
  }
}
}  // namespace heddle
