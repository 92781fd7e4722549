#include "lib/http/http1_fields.h"

#include <array>
#include <limits>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr Http1Fault kTooLarge = {Reason::kRequestHeadTooLarge, "the head is larger than its limit"};
constexpr Http1Fault kTooMany = {Reason::kRequestHeadTooLarge, "the head has too many fields"};
constexpr size_t kMaxNameBytes = 256;
constexpr size_t kFieldCost = 32;  // RFC 9113 §6.5.2

// Lower case of a token character, 0 for what may not stand in a name.
constexpr std::array<char, 256> make_lower() {
  std::array<char, 256> table{};
  for (unsigned c = 0x21; c < 0x7f; ++c) {
    constexpr std::string_view kNot = "\"(),/:;<=>?@[\\]{}";
    if (kNot.find(static_cast<char>(c)) == kNot.npos) table[c] = to_lower(static_cast<char>(c));
  }
  return table;
}
constexpr std::array<char, 256> kLower = make_lower();

// Lowers token characters into `out`, as many as there are at the start of `text` and at most kMaxNameBytes.
size_t lower_token(std::string_view text, char* out) {
  size_t most = std::min(text.size(), kMaxNameBytes);
  for (size_t i = 0; i < most; ++i) {
    out[i] = kLower[static_cast<unsigned char>(text[i])];
    if (out[i] == 0) return i;
  }
  return most;
}

// Length of the lowered name in `out`; 0 when it is empty, too long or not a token.
size_t lower_name(std::string_view name, char* out) { return lower_token(name, out) == name.size() ? name.size() : 0; }

// Calls f(element) for each element of a comma list until it returns a fault; empty elements are skipped
// (RFC 9110 §5.6.1.2).
template <class F>
Http1Fault for_each_element(std::string_view list, F&& f) {
  while (!list.empty()) {
    size_t comma = std::min(list.find(','), list.size());
    std::string_view element = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (element.empty()) continue;
    if (Http1Fault fault = f(element)) return fault;
  }
  return {};
}

bool list_has(std::string_view list, std::string_view wanted) {
  return bool(for_each_element(list, [wanted](std::string_view element) {
    return equals_ignore_case(element, wanted) ? http1_malformed("found") : Http1Fault{};
  }));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Why a field line does not begin with a name and a colon.
Http1Fault judge_name(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == line.npos) return http1_malformed("a field line has no colon");
  if (colon > kMaxNameBytes) return {Reason::kRequestHeadTooLarge, "a field name is longer than 256 bytes"};
  return http1_malformed("a field name is not a token");
}

// A coding list that is not exactly `chunked`: unknown codings are 501, anything odd 400 (RFC 9112 §6.1, §6.3).
Http1Fault judge_codings(std::string_view value) {
  bool chunked = false;
  for (size_t start = 0; start <= value.size();) {
    size_t comma = std::min(value.find(',', start), value.size());
    std::string_view coding = trim(value.substr(start, comma - start));
    if (!is_token(coding)) return http1_malformed("Transfer-Encoding is not a list of codings");
    if (chunked) return http1_malformed("`chunked` is not the last transfer coding");
    chunked = equals_ignore_case(coding, "chunked");
    start = comma + 1;
  }
  return {Reason::kUnsupportedTransferCoding, "a transfer coding other than `chunked`"};
}
}  // namespace

void Http1FieldReader::begin(size_t used) noexcept {
  facts_ = {};
  host_.reset();
  fault_ = {};
  bytes_ = used;
  fields_ = 0;
  options_ = 0;
}

Http1Step Http1FieldReader::fail(const Http1Fault& fault) {
  fault_ = fault;
  return Http1Step::kFault;
}

Http1Step Http1FieldReader::read(Buffer& in, HeaderMap& fields) {
  while (true) {
    size_t left = limits_.head_bytes - std::min(limits_.head_bytes, bytes_);
    Http1Step step = lines_.next(in, left, kTooLarge);
    if (step == Http1Step::kMore) return step;
    if (step == Http1Step::kFault) return fail(lines_.fault());
    bool last = lines_.line().empty();
    Http1Fault fault = last ? Http1Fault{} : take_line(lines_.line(), fields);
    if (fault) return fail(fault);
    lines_.finish(in);
    if (!last) continue;
    if (facts_.has_nominations) fault = remove_nominated(fields);
    return fault ? fail(fault) : Http1Step::kDone;
  }
}

Http1Fault Http1FieldReader::take_line(std::string_view line, HeaderMap& fields) {
  if (++fields_ > limits_.fields) return kTooMany;
  bytes_ += line.size() + kFieldCost;
  if (bytes_ > limits_.head_bytes) return kTooLarge;
  if (is_blank(line.front())) return http1_malformed("a field line begins with white space");
  std::array<char, kMaxNameBytes> lowered;
  size_t length = lower_token(line, lowered.data());
  size_t colon = length;
  // Responses may have blanks before the colon (RFC 9112 §5.1: a proxy removes them).
  while (is_of_response(section_) && colon < line.size() && is_blank(line[colon])) ++colon;
  if (length == 0 || colon == line.size() || line[colon] != ':') return judge_name(line);
  std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) return http1_malformed("a field value has a control byte");
  std::string_view name(lowered.data(), length);
  return take_field(header_name(name), name, value, fields);
}

Http1Fault Http1FieldReader::take_field(HeaderName id, std::string_view name, std::string_view value,
                                        HeaderMap& fields) {
  if (is_trailers(section_)) {  // forbidden ones are stripped when the section is complete
    return fields.add(id, name, value) ? Http1Fault{} : kTooLarge;
  }
  using enum HeaderName;
  switch (id) {
    case kConnection:
      return take_connection(value, fields);
    case kContentLength:
      return take_content_length(value);
    case kTransferEncoding:
      return take_transfer_encoding(value);
    case kHost:
      if (section_ == Http1Section::kRequest) return take_host(value, fields);
      return {};
    case kExpect:
      if (section_ == Http1Section::kRequest) return take_expect(value, fields);
      break;
    case kUpgrade:
      facts_.websocket |= list_has(value, "websocket");
      return {};
    case kTe:
      facts_.te_trailers |= list_has(value, "trailers");
      return {};
    case kKeepAlive:
    case kProxyConnection:
    case kHttp2Settings:
      return {};
    case kOther:
      if (section_ == Http1Section::kRequest && is_masked_name(name))
        return http1_malformed("a field name with `_` masks a framing, routing or security field");
      break;
    default:
      break;
  }
  return fields.add(id, name, value) ? Http1Fault{} : kTooLarge;
}

Http1Fault Http1FieldReader::take_connection(std::string_view value, HeaderMap& fields) {
  bool nominated = facts_.has_nominations;
  facts_.has_nominations = false;
  Http1Fault fault = for_each_element(value, [this](std::string_view option) { return take_option(option); });
  if (fault) return fault;
  // Kept until the last field has come: a nominated field may stand before or after.
  if (facts_.has_nominations && !fields.add(HeaderName::kConnection, value)) return kTooLarge;
  facts_.has_nominations |= nominated;
  return {};
}

Http1Fault Http1FieldReader::take_option(std::string_view option) {
  if (++options_ > limits_.fields) return {Reason::kRequestHeadTooLarge, "Connection has too many options"};
  std::array<char, kMaxNameBytes> lowered;
  if (option.size() > lowered.size() || lower_name(option, lowered.data()) == 0)
    return http1_malformed("Connection has an option that is not a token");
  std::string_view name(lowered.data(), option.size());
  if (name == "close") {
    facts_.close = true;
  } else if (name == "keep-alive") {
    facts_.keep_alive = true;
  } else if (name == "upgrade") {
    facts_.connection_upgrade = true;
  } else if (!may_be_nominated(name)) {
    return http1_malformed("Connection names a framing, routing or security field");
  } else if (!is_connection_level(header_name(name))) {
    facts_.has_nominations = true;
  }
  return {};
}

Http1Fault Http1FieldReader::take_content_length(std::string_view value) {
  if (facts_.content_length) return http1_malformed("more than one Content-Length");
  std::optional<uint64_t> length = parse_int<uint64_t>(value);
  if (!length || *length > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return http1_malformed("Content-Length is not a number below 2^63");
  if (value.size() > 1 && value.front() == '0') return http1_malformed("Content-Length has a leading zero");
  facts_.content_length = length;
  return {};
}

Http1Fault Http1FieldReader::take_transfer_encoding(std::string_view value) {
  if (++facts_.transfer_encodings > 1) return http1_malformed("more than one Transfer-Encoding");
  facts_.chunked = equals_ignore_case(value, "chunked");
  return facts_.chunked ? Http1Fault{} : judge_codings(value);
}

Http1Fault Http1FieldReader::take_host(std::string_view value, HeaderMap& fields) {
  if (++facts_.hosts > 1) return http1_malformed("more than one Host");
  HeadText text;
  if (!fields.store(value, text)) return kTooLarge;
  host_ = text;
  return {};
}

Http1Fault Http1FieldReader::take_expect(std::string_view value, HeaderMap& fields) {
  if (!equals_ignore_case(value, "100-continue"))
    return {Reason::kExpectationFailed, "an expectation other than 100-continue"};
  if (facts_.expect_continue) return {};
  facts_.expect_continue = true;
  return fields.add(HeaderName::kExpect, "100-continue") ? Http1Fault{} : kTooLarge;
}

// At most limits.fields options times limits.fields fields.
Http1Fault Http1FieldReader::remove_nominated(HeaderMap& fields) const {
  while (std::optional<std::string_view> value = fields.get(HeaderName::kConnection)) {
    Http1Fault fault = for_each_element(*value, [&fields](std::string_view option) {
      std::array<char, kMaxNameBytes> lowered;
      std::string_view name(lowered.data(), lower_name(option, lowered.data()));
      if (header_name(name) != HeaderName::kConnection) fields.remove(name);
      return Http1Fault{};
    });
    if (fault) return fault;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields.at(i).id != HeaderName::kConnection) continue;
      fields.remove_at(i);
      break;
    }
  }
  return {};
}
}  // namespace heddle
