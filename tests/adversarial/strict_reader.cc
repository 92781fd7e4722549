#include "tests/adversarial/strict_reader.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle::adversarial {
namespace {
using State = Reading::State;

bool token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != kMarks.npos;
  });
}
bool control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

// A cursor over the bytes; every reader says why it stopped in `reading`.
struct Cursor {
  std::string_view bytes;
  size_t at = 0;
  Reading& reading;

  bool bad(std::string_view why) {
    reading.state = State::kBad;
    reading.why = why;
    return false;
  }
  // One line without its CRLF; false when it is not there or has a stray control byte.
  bool line(std::string& out) {
    size_t end = bytes.find('\n', at);
    std::string_view text = bytes.substr(at, end == bytes.npos ? bytes.npos : end - at);
    if (end == bytes.npos) {
      if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
      if (std::any_of(text.begin(), text.end(), control)) return bad("a control byte in a line");
      return false;
    }
    if (text.empty() || text.back() != '\r') return bad("LF without CR");
    text.remove_suffix(1);
    if (std::any_of(text.begin(), text.end(), control)) return bad("a control byte in a line");
    out = text;
    at = end + 1;
    return true;
  }
  bool take(size_t n, std::string& out) {
    size_t have = std::min(n, bytes.size() - at);
    out.append(bytes.substr(at, have));
    at += have;
    return have == n;
  }
};

bool read_fields(Cursor& in, std::vector<std::pair<std::string, std::string>>& out) {
  for (std::string line; in.line(line);) {
    if (line.empty()) return true;
    size_t colon = line.find(':');
    if (colon == line.npos || !token(std::string_view(line).substr(0, colon))) return in.bad("a bad field name");
    out.emplace_back(to_lower(line.substr(0, colon)), trim(std::string_view(line).substr(colon + 1)));
  }
  return false;
}

bool read_chunked(Cursor& in, Message& message) {
  for (std::string line; in.line(line);) {
    std::string_view digits = std::string_view(line).substr(0, line.find(';'));
    uint64_t size = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    bool number = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty();
    if (!number || digits.size() > 15) return in.bad("a bad chunk size");
    std::vector<std::pair<std::string, std::string>> trailers;
    if (size == 0) return read_fields(in, trailers);
    if (!in.take(size, message.body)) return false;
    if (in.bytes.substr(in.at, 2) == "\r\n") {
      in.at += 2;
    } else if (in.bytes.size() - in.at >= 2) {
      return in.bad("a chunk that does not end with CRLF");
    } else {
      return false;
    }
  }
  return false;
}

enum class Framing { kNone, kLength, kChunked, kBad };
Framing framing_of(const Message& message, uint64_t& length) {
  std::vector<std::string> lengths = message.values("content-length");
  std::vector<std::string> codings = message.values("transfer-encoding");
  if (!codings.empty()) {
    bool one = codings.size() == 1 && equals_ignore_case(codings[0], "chunked") && lengths.empty() && !message.http10;
    return one ? Framing::kChunked : Framing::kBad;
  }
  if (lengths.empty()) return Framing::kNone;
  auto number = parse_int<uint64_t>(lengths[0]);
  if (lengths.size() > 1 || !number || *number >> 63 != 0) return Framing::kBad;
  length = *number;
  return Framing::kLength;
}

bool read_body(Cursor& in, Message& message) {
  uint64_t length = 0;
  switch (framing_of(message, length)) {
    case Framing::kNone:
      return true;
    case Framing::kLength:
      return in.take(length, message.body);
    case Framing::kChunked:
      return read_chunked(in, message);
    case Framing::kBad:
      break;
  }
  return in.bad("bad framing");
}

// Origin form or `*`; of the absolute form the path, and the host goes to `message`.
bool read_target(Cursor& in, std::string_view target, Message& message) {
  if (target == "*") return message.method == "OPTIONS" || in.bad("`*` without OPTIONS");
  std::string lower = to_lower(std::string(target));
  size_t scheme = lower.starts_with("http://") ? 7 : lower.starts_with("https://") ? 8 : 0;
  message.target = target;
  if (scheme == 0) return target.starts_with("/") || in.bad("a target of no known form");
  target.remove_prefix(scheme);
  size_t end = std::min(target.find_first_of("/?"), target.size());
  message.host = target.substr(0, end);
  message.target = target.substr(end);
  if (message.target.empty()) message.target = message.method == "OPTIONS" ? "*" : "/";
  return true;
}

bool read_request_line(Cursor& in, Message& message) {
  std::string line;
  if (in.bytes.starts_with("\r\n")) in.at = 2;
  if (!in.line(line)) return false;
  std::vector<std::string_view> parts = split(line, ' ');
  if (parts.size() != 3 || !token(parts[0])) return in.bad("a bad request line");
  message.method = parts[0];
  message.http10 = parts[2] == "HTTP/1.0";
  if (!message.http10 && parts[2] != "HTTP/1.1") return in.bad("a bad version");
  if (parts[1] == "*") message.target = "*";
  return read_target(in, parts[1], message);
}

bool read_request_head(Cursor& in, Message& message) {
  if (!read_request_line(in, message) || !read_fields(in, message.fields)) return false;
  std::vector<std::string> hosts = message.values("host");
  if (hosts.size() > 1 || (hosts.empty() && !message.http10)) return in.bad("not one Host");
  if (message.host.empty() && !hosts.empty()) message.host = hosts[0];
  return true;
}

bool read_status_line(Cursor& in, Message& message) {
  std::string line;
  if (!in.line(line)) return false;
  bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  auto status = parse_int<int>(std::string_view(line).substr(std::min<size_t>(9, line.size()), 3));
  if (!version || !status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return in.bad("a bad status line");
  message.status = *status;
  return true;
}

Reading finish(Cursor& in, Reading&& reading, bool whole) {
  if (whole) {
    reading.state = State::kWhole;
    reading.used = in.at;
    reading.message.raw = in.bytes.substr(0, in.at);
  }
  return std::move(reading);
}
}  // namespace

std::vector<std::string> Message::values(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : fields) {
    if (key == name) out.push_back(value);
  }
  return out;
}

Reading read_request_strictly(std::string_view bytes) {
  Reading reading;
  Cursor in{bytes, 0, reading};
  if (!read_request_head(in, reading.message)) return reading;
  reading.state = State::kHead;
  bool whole = read_body(in, reading.message);
  return finish(in, std::move(reading), whole);
}

Reading read_answer_strictly(std::string_view bytes, std::string_view method, bool closed) {
  Reading reading;
  Cursor in{bytes, 0, reading};
  Message& message = reading.message;
  if (!read_status_line(in, message) || !read_fields(in, message.fields)) return reading;
  reading.state = State::kHead;
  bool none = method == "HEAD" || message.status < 200 || message.status == 204 || message.status == 304;
  uint64_t length = 0;
  bool until_close = !none && framing_of(message, length) == Framing::kNone;
  if (until_close) in.take(bytes.size(), message.body);
  bool whole = none || (until_close ? closed : read_body(in, message));
  return finish(in, std::move(reading), whole);
}

std::vector<Message> requests_in(std::string_view bytes) {
  std::vector<Message> out;
  for (;;) {
    Reading reading = read_request_strictly(bytes);
    if (reading.state != State::kWhole) return out;
    bytes.remove_prefix(reading.used);
    out.push_back(std::move(reading.message));
  }
}
}  // namespace heddle::adversarial
