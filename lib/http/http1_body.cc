#include "lib/http/http1_body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr size_t kMaxSizeDigits = 16;

constexpr Http1Fault kExtensionTooLong = {Reason::kBadRequest, "a chunk extension is longer than its limit"};
constexpr Http1Fault kBadExtension = {Reason::kBadRequest, "a chunk extension is malformed"};
constexpr Http1Fault kBadSize = {Reason::kBadRequest, "a chunk size is malformed"};
constexpr Http1Fault kBadEnd = {Reason::kBadRequest, "a chunk does not end with CRLF"};

std::string_view token_prefix(std::string_view text) {
  auto end = std::find_if_not(text.begin(), text.end(), is_token_char);
  return text.substr(0, static_cast<size_t>(end - text.begin()));
}

// Length of the quoted string at the start of `text`, 0 if there is none (RFC 9110 §5.6.4).
size_t quoted_length(std::string_view text) {
  if (text.empty() || text.front() != '"') return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return 0;
}

// *( ";" name [ "=" ( token / quoted-string ) ] ), without the white space that RFC 9112 §7.1.1 calls bad.
bool is_extension_list(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    size_t name = token_prefix(text).size();
    if (name == 0) return false;
    text.remove_prefix(name);
    if (text.empty() || text.front() != '=') continue;
    text.remove_prefix(1);
    size_t value = std::max(token_prefix(text).size(), quoted_length(text));
    if (value == 0) return false;
    text.remove_prefix(value);
  }
  return true;
}
}  // namespace

void Http1BodyDecoder::begin(const Http1BodyPlan& plan) noexcept {
  left_ = plan.length;
  extension_bytes_ = 0;
  switch (plan.kind) {
    case Http1BodyPlan::Kind::kNone:
      state_ = State::kEnded;
      break;
    case Http1BodyPlan::Kind::kLength:
      state_ = State::kLength;
      break;
    case Http1BodyPlan::Kind::kChunked:
      state_ = State::kChunkSize;
      break;
    case Http1BodyPlan::Kind::kUntilClose:
      state_ = State::kUntilClose;
      break;
  }
}

Http1Step Http1BodyDecoder::fail(const Http1Fault& fault) {
  fault_ = fault;
  return Http1Step::kFault;
}

void Http1BodyDecoder::move_data(Buffer& in, Buffer& out) {
  size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), left_));
  if (n == in.size()) {
    out.append(std::move(in));
  } else {
    out.append(in.take(n));
  }
  left_ -= n;
}

Http1Step Http1BodyDecoder::read(Buffer& in, Buffer& out, HeaderMap& trailers) {
  switch (state_) {
    case State::kEnded:
      return Http1Step::kDone;
    case State::kUntilClose:
      out.append(std::move(in));
      return Http1Step::kMore;
    case State::kLength:
      move_data(in, out);
      if (left_ > 0) return Http1Step::kMore;
      state_ = State::kEnded;
      return Http1Step::kDone;
    default:
      break;
  }
  Http1Step step = Http1Step::kDone;
  while (step == Http1Step::kDone && state_ != State::kEnded) step = read_chunk(in, out, trailers);
  return step;
}

// One state further.
Http1Step Http1BodyDecoder::read_chunk(Buffer& in, Buffer& out, HeaderMap& trailers) {
  if (state_ == State::kChunkSize) return read_size(in);
  if (state_ == State::kChunkEnd) return read_chunk_end(in);
  if (state_ == State::kTrailers) return read_trailers(in, trailers);
  move_data(in, out);
  if (left_ > 0) return Http1Step::kMore;
  state_ = State::kChunkEnd;
  return Http1Step::kDone;
}

Http1Step Http1BodyDecoder::read_size(Buffer& in) {
  Http1Step step = lines_.next(in, kMaxSizeDigits + limits_.chunk_extension_bytes, kExtensionTooLong);
  if (step == Http1Step::kMore) return step;
  if (step == Http1Step::kFault) return fail(lines_.fault());
  if (Http1Fault fault = take_size(lines_.line())) return fail(fault);
  lines_.finish(in);
  state_ = left_ > 0 ? State::kChunkData : State::kTrailers;
  if (left_ == 0) trailer_reader_.begin(0);
  return Http1Step::kDone;
}

Http1Fault Http1BodyDecoder::take_size(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  std::string_view extension = line.substr(digits.size());
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || digits.empty() || digits.size() > kMaxSizeDigits) return kBadSize;
  if (left_ > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return kBadSize;
  extension_bytes_ += extension.size();
  bool too_long = extension.size() > limits_.chunk_extension_bytes || extension_bytes_ > limits_.chunk_extensions_total;
  if (too_long) return kExtensionTooLong;
  return is_extension_list(extension) && is_field_value(extension) ? Http1Fault{} : kBadExtension;
}

Http1Step Http1BodyDecoder::read_chunk_end(Buffer& in) {
  std::array<std::byte, 2> bytes{};
  size_t n = in.copy_to(bytes);
  std::string_view got = as_text({bytes.data(), n});
  if (got != std::string_view("\r\n").substr(0, n)) return fail(kBadEnd);
  if (n < 2) return Http1Step::kMore;
  in.consume(2);
  state_ = State::kChunkSize;
  return Http1Step::kDone;
}

Http1Step Http1BodyDecoder::read_trailers(Buffer& in, HeaderMap& trailers) {
  Http1Step step = trailer_reader_.read(in, trailers);
  if (step == Http1Step::kFault) return fail(trailer_reader_.fault());
  if (step == Http1Step::kMore) return step;
  strip_trailers(trailers);
  state_ = State::kEnded;
  return Http1Step::kDone;
}

bool Http1BodyEncoder::write(Buffer&& data, Buffer& out) {
  if (data.empty() || framing_ == Framing::kNone) {
    data.clear();
    return true;
  }
  if (framing_ == Framing::kLength) {
    if (data.size() > left_) return false;
    left_ -= data.size();
  }
  if (framing_ != Framing::kChunked) {
    out.append(std::move(data));
    return true;
  }
  std::array<char, kMaxSizeDigits + 2> line;
  char* end = std::to_chars(line.data(), line.data() + kMaxSizeDigits, data.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(std::string_view(line.data(), static_cast<size_t>(end - line.data())));
  out.append(std::move(data));
  out.append("\r\n");
  return true;
}

bool Http1BodyEncoder::finish(Buffer& out, const HeaderMap* trailers) {
  if (framing_ == Framing::kLength) return left_ == 0;
  if (framing_ != Framing::kChunked) return true;
  out.append("0\r\n");
  for (size_t i = 0; trailers != nullptr && i < trailers->size(); ++i) {
    HeaderField field = trailers->at(i);
    if (is_forbidden_trailer(field)) continue;
    out.append(field.name);
    out.append(": ");
    out.append(field.value);
    out.append("\r\n");
  }
  out.append("\r\n");
  return true;
}
}  // namespace heddle
