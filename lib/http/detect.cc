#include "lib/http/detect.h"

#include <algorithm>

#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 §3.4
constexpr size_t kTlsBytes = 6;
constexpr unsigned kMaxTlsRecord = 16384 + 256;

bool same_so_far(std::string_view text, std::string_view whole) {
  size_t n = std::min(text.size(), whole.size());
  return text.substr(0, n) == whole.substr(0, n);
}

// A handshake record of any TLS version whose message is a ClientHello (RFC 8446 §5.1).
Detected detect_tls(std::string_view text) {
  auto byte = [text](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
  if (text.size() > 1 && byte(1) != 3) return Detected::kOpaque;
  if (text.size() > 2 && byte(2) > 4) return Detected::kOpaque;
  if (text.size() < kTlsBytes) return Detected::kNeedMore;
  unsigned length = byte(3) * 256 + byte(4);
  bool is_hello = length >= 4 && length <= kMaxTlsRecord && byte(5) == 1;
  return is_hello ? Detected::kTls : Detected::kOpaque;
}

// What follows the method: a path, `*`, an absolute URI, or anything after CONNECT.
bool may_start_target(std::string_view method, char first) {
  return first == '/' || first == '*' || first == 'h' || first == 'H' || method == "CONNECT";
}

Detected detect_http1(std::string_view text) {
  size_t space = std::min(text.find(' '), std::min(text.size(), kMaxMethodBytes + 1));
  std::string_view method = text.substr(0, space);
  if (!is_token(method) || method.size() > kMaxMethodBytes) return Detected::kOpaque;
  if (text.size() <= space + 1) return Detected::kNeedMore;
  if (!may_start_target(method, text[space + 1])) return Detected::kOpaque;
  // Control bytes come after the line or not at all.
  auto line_end = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  auto length = static_cast<size_t>(line_end - text.begin());
  if (length >= kDetectBytes) return Detected::kOpaque;
  if (length == text.size()) return Detected::kNeedMore;
  std::string_view line = text.substr(0, length);
  size_t version = line.rfind(' ');
  bool is_http = *line_end == '\r' && version > space && line.substr(version, 8) == " HTTP/1.";
  return is_http ? Detected::kHttp1 : Detected::kOpaque;
}
}  // namespace

Detected detect(Bytes prefix) noexcept {
  std::string_view text = as_text(prefix);
  if (text.empty()) return Detected::kNeedMore;
  if (text.front() == '\x16') return detect_tls(text);
  if (same_so_far(text, kPreface)) return text.size() >= kPreface.size() ? Detected::kHttp2 : Detected::kNeedMore;
  return detect_http1(text.substr(0, kDetectBytes));
}

std::string_view to_text(Detected detected) noexcept {
  switch (detected) {
    case Detected::kNeedMore:
      return "need-more";
    case Detected::kHttp1:
      return "http1";
    case Detected::kHttp2:
      return "http2";
    case Detected::kTls:
      return "tls";
    case Detected::kOpaque:
      return "opaque";
  }
  return "opaque";
}
}  // namespace heddle
