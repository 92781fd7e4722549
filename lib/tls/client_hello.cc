#include "lib/tls/client_hello.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using Step = SniffedHello::Step;
constexpr size_t kRecordHead = 5;      // type, version, length
constexpr size_t kMaxRecord = 16384;   // RFC 8446 §5.1
constexpr size_t kMessageHead = 4;     // type, length
constexpr size_t kFixed = 2 + 32;      // version, random
constexpr size_t kMaxHostName = 255;   // RFC 1035 §2.3.4
constexpr size_t kServerName = 0;      // the extension, and the type of a host name in it
constexpr unsigned kHandshake = 0x16;  // of a record
constexpr unsigned kClientHello = 1;   // of a message

size_t number_at(std::string_view text, size_t at, size_t bytes) {
  size_t out = 0;
  for (size_t i = 0; i < bytes; ++i) out = out << 8U | static_cast<unsigned char>(text[at + i]);
  return out;
}

// Reads from the front; nothing when the bytes end before.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  bool is_empty() const { return rest_.empty(); }
  std::optional<std::string_view> take(size_t count) {
    if (count > rest_.size()) return std::nullopt;
    std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::optional<size_t> number(size_t bytes) {
    auto text = take(bytes);
    return text ? std::optional(number_at(*text, 0, bytes)) : std::nullopt;
  }
  // What a length of so many bytes is in front of.
  std::optional<std::string_view> vector(size_t length_bytes) {
    auto length = number(length_bytes);
    return length ? take(*length) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

bool is_name_char(char c) { return c > 0x20 && c < 0x7f; }

// Of the list in the extension the first host name: others are forbidden.
std::optional<std::string> read_server_names(std::string_view extension) {
  Cursor at(extension);
  auto names = at.vector(2);
  if (!names || !at.is_empty()) return std::nullopt;
  Cursor list(*names);
  auto type = list.number(1);
  auto name = list.vector(2);
  if (!type || !name || !list.is_empty() || *type != kServerName) return std::nullopt;
  if (name->ends_with('.')) name->remove_suffix(1);
  bool fits = !name->empty() && name->size() <= kMaxHostName;
  if (!fits || !std::all_of(name->begin(), name->end(), is_name_char)) return std::nullopt;
  return to_lower(*name);
}

// Every extension is read to its end: two servers must not find two names.
std::optional<std::string> read_extensions(std::string_view extensions) {
  std::optional<std::string> out;
  Cursor at(extensions);
  while (!at.is_empty()) {
    auto type = at.number(2);
    auto content = at.vector(2);
    if (!type || !content) return std::nullopt;
    if (*type != kServerName) continue;
    if (out) return std::nullopt;
    out = read_server_names(*content);
    if (!out) return std::nullopt;
  }
  return out ? out : std::string();
}

// The body of the message.
std::optional<std::string> read_hello(std::string_view body) {
  Cursor at(body);
  bool fits = at.take(kFixed) && at.vector(1) && at.vector(2) && at.vector(1);  // session, cipher suites, compression
  if (!fits) return std::nullopt;
  if (at.is_empty()) return std::string();  // before TLS 1.3 there may be no extensions
  auto extensions = at.vector(2);
  if (!extensions || !at.is_empty()) return std::nullopt;
  return read_extensions(*extensions);
}

// The message, put together from the records.
class Assembly {
 public:
  explicit Assembly(std::string_view text) : text_(text.substr(0, kMaxSniffedHello)) {}

  SniffedHello run() {
    while (!is_whole()) {
      if (is_refused_head()) return {Step::kNotHello};
      if (text_.size() < at_ + kRecordHead) return need(at_ + kRecordHead);
      size_t length = number_at(text_, at_ + 3, 2);
      if (length == 0 || length > kMaxRecord) return {Step::kNotHello};
      size_t end = at_ + kRecordHead + length;
      if (end > kMaxSniffedHello) return {Step::kNotHello};
      if (text_.size() < end) return need(end);
      append(text_.substr(at_ + kRecordHead, length));
      at_ = end;
      if (is_refused_message()) return {Step::kNotHello};
    }
    auto name = read_hello(message().substr(kMessageHead, message_length() - kMessageHead));
    if (!name) return {Step::kNotHello};
    return {Step::kHello, 0, *std::move(name)};
  }

 private:
  static SniffedHello need(size_t bytes) {
    if (bytes > kMaxSniffedHello) return {Step::kNotHello};
    return {Step::kNeedMore, bytes};
  }
  // By what is there of it: who does not speak TLS is not kept waiting.
  bool is_refused_head() const {
    if (text_.size() > at_ && number_at(text_, at_, 1) != kHandshake) return true;
    return text_.size() > at_ + 1 && number_at(text_, at_ + 1, 1) != 3;
  }
  bool is_refused_message() const {
    if (number_at(message(), 0, 1) != kClientHello) return true;
    return size_ >= kMessageHead && message_length() > kMaxSniffedHello;
  }
  void append(std::string_view part) {
    std::copy(part.begin(), part.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += part.size();
  }
  std::string_view message() const { return {bytes_.data(), size_}; }
  size_t message_length() const { return kMessageHead + number_at(message(), 1, 3); }
  bool is_whole() const { return size_ >= kMessageHead && size_ >= message_length(); }

  std::string_view text_;
  size_t at_ = 0;
  size_t size_ = 0;
  std::array<char, kMaxSniffedHello> bytes_{};  // the parts of records that were read; `size_` of them count
};
}  // namespace

SniffedHello sniff_client_hello(Bytes prefix) { return Assembly(as_text(prefix)).run(); }
}  // namespace heddle
