#include "lib/http/http1_head.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
constexpr Http1Fault kUriTooLong = {Reason::kUriTooLong, "the request line is longer than its limit"};
constexpr Http1Fault kTooLarge = {Reason::kRequestHeadTooLarge, "the head is larger than its limit"};
constexpr size_t kVersionBytes = 8;  // HTTP/1.1

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/" DIGIT "." DIGIT and nothing else.
bool is_version(std::string_view text) {
  return text.size() == kVersionBytes && text.substr(0, 5) == "HTTP/" && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

bool starts_with_ignore_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_ignore_case(text.substr(0, prefix.size()), prefix);
}
}  // namespace

Http1RequestParser::Http1RequestParser(BlockPool& pool, const HttpLimits& limits, std::string_view scheme)
    : pool_(pool), limits_(limits), scheme_(scheme), fields_(Http1Section::kRequest, limits), head_(pool) {}

Http1Step Http1RequestParser::fail(const Http1Fault& fault) {
  fault_ = fault;
  return Http1Step::kFault;
}

Error Http1RequestParser::error() const {
  if (rule_broken_) return *rule_broken_;
  return make_error(fault_.reason, std::string(fault_.what), Origin::kDownstream);
}

Http1Step Http1RequestParser::read(Buffer& in) {
  if (state_ != State::kFields) {
    Http1Step step = read_start(in);
    if (step != Http1Step::kDone) return step;
  }
  Http1Step step = fields_.read(in, head_.fields());
  if (step == Http1Step::kMore) return step;
  if (step == Http1Step::kFault) return fail(fields_.fault());
  Http1Fault fault = complete();
  state_ = State::kStart;
  return fault ? fail(fault) : Http1Step::kDone;
}

// One empty line before a request is skipped (RFC 9112 §2.2), no more.
Http1Step Http1RequestParser::read_start(Buffer& in) {
  Http1Step step = lines_.next(in, limits_.target_bytes, kUriTooLong);
  if (step == Http1Step::kFault) return fail(lines_.fault());
  if (step == Http1Step::kMore) return step;
  if (lines_.line().empty() && state_ == State::kStart) {
    lines_.finish(in);
    state_ = State::kSkippedLine;
    return read_start(in);
  }
  if (Http1Fault fault = take_request_line(lines_.line())) return fail(fault);
  fields_.begin(lines_.line().size());
  lines_.finish(in);
  state_ = State::kFields;
  return Http1Step::kDone;
}

Http1Fault Http1RequestParser::take_request_line(std::string_view line) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return http1_malformed("the request line is not `method target version`");
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.empty() || target.find(' ') != target.npos)
    return http1_malformed("the request line is not `method target version`");
  if (Http1Fault fault = take_version(line.substr(last + 1))) return fault;
  if (!head_.set_method(method) || !head_.set_scheme(scheme_)) return kTooLarge;
  return take_target(target);
}

Http1Fault Http1RequestParser::take_version(std::string_view text) {
  if (!is_version(text)) return http1_malformed("the HTTP version is malformed");
  if (text != "HTTP/1.1" && text != "HTTP/1.0")
    return {Reason::kUnsupportedVersion, "an HTTP version other than 1.0 and 1.1"};
  head_.version = text[7] == '1' ? HttpVersion::kHttp11 : HttpVersion::kHttp10;
  return {};
}

Http1Fault Http1RequestParser::take_target(std::string_view target) {
  absolute_ = false;
  if (head_.is_connect()) {
    absolute_ = true;
    return head_.set_authority(target) ? Http1Fault{} : kTooLarge;
  }
  if (starts_with_ignore_case(target, "http://")) return take_absolute(target.substr(7));
  if (starts_with_ignore_case(target, "https://")) return take_absolute(target.substr(8));
  return head_.set_path(target) ? Http1Fault{} : kTooLarge;
}

// The authority of an absolute target wins over Host (RFC 9112 §3.2.2).
Http1Fault Http1RequestParser::take_absolute(std::string_view rest) {
  absolute_ = true;
  size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view path = rest.substr(end);
  if (path.empty()) path = head_.method() == "OPTIONS" ? "*" : "/";
  if (end == 0) return http1_malformed("the target has no host");
  return head_.set_authority(rest.substr(0, end)) && head_.set_path(path) ? Http1Fault{} : kTooLarge;
}

Http1Fault Http1RequestParser::complete() {
  if (Http1Fault fault = complete_host()) return fault;
  if (Http1Fault fault = complete_framing()) return fault;
  const Http1Facts& facts = fields_.facts();
  bool old = head_.version == HttpVersion::kHttp10;
  if (old) head_.fields().remove(HeaderName::kExpect);  // RFC 9110 §10.1.1
  head_.accepts_trailers = facts.te_trailers;
  bool upgrades = !old && facts.connection_upgrade && facts.websocket && body_.kind == Http1BodyPlan::Kind::kNone;
  if (upgrades && head_.method() == "GET" && !head_.set_protocol("websocket")) return kTooLarge;
  Result<void> verdict = check_request_head(head_);
  if (verdict) return {};
  rule_broken_ = std::move(verdict).error();
  return {rule_broken_->reason, {}};
}

Http1Fault Http1RequestParser::complete_host() {
  std::optional<HeadText> host = fields_.host();
  if (!host && head_.version == HttpVersion::kHttp11) return http1_malformed("Host is missing");
  if (!host) return {};
  std::string_view text = head_.fields().view(*host);
  if (!absolute_) return head_.set_authority(text) ? Http1Fault{} : kTooLarge;
  return text.empty() || is_authority(text) ? Http1Fault{} : http1_malformed("Host is not `name` or `name:port`");
}

Http1Fault Http1RequestParser::complete_framing() {
  const Http1Facts& facts = fields_.facts();
  body_ = {};
  if (facts.chunked) {
    if (facts.content_length) return http1_malformed("Content-Length beside Transfer-Encoding");
    if (head_.version == HttpVersion::kHttp10) return http1_malformed("Transfer-Encoding in HTTP/1.0");
    body_.kind = Http1BodyPlan::Kind::kChunked;
    return {};
  }
  head_.content_length = facts.content_length;
  if (facts.content_length.value_or(0) > 0) body_ = {Http1BodyPlan::Kind::kLength, *facts.content_length};
  return {};
}

RequestHead Http1RequestParser::take_head() { return std::exchange(head_, RequestHead(pool_)); }

Http1ResponseParser::Http1ResponseParser(BlockPool& pool, const HttpLimits& limits)
    : pool_(pool), limits_(limits), fields_(Http1Section::kResponse, limits), head_(pool) {}

Http1Step Http1ResponseParser::fail(const Http1Fault& fault) {
  fault_ = fault;
  return Http1Step::kFault;
}

Error upstream_error(const Http1Fault& fault) {
  Reason reason =
      fault.reason == Reason::kRequestHeadTooLarge ? Reason::kUpstreamHeadTooLarge : Reason::kUpstreamProtocolError;
  return make_error(reason, std::string(fault.what), Origin::kUpstream);
}

Error Http1ResponseParser::error() const { return upstream_error(fault_); }

Http1Step Http1ResponseParser::read(Buffer& in, bool answers_head) {
  if (!in_fields_) {
    Http1Step step = lines_.next(in, limits_.target_bytes, kTooLarge);
    if (step == Http1Step::kMore) return step;
    if (step == Http1Step::kFault) return fail(lines_.fault());
    if (Http1Fault fault = take_status_line(lines_.line())) return fail(fault);
    fields_.begin(lines_.line().size());
    lines_.finish(in);
    in_fields_ = true;
  }
  Http1Step step = fields_.read(in, head_.fields());
  if (step == Http1Step::kMore) return step;
  if (step == Http1Step::kFault) return fail(fields_.fault());
  in_fields_ = false;
  Http1Fault fault = complete(answers_head);
  return fault ? fail(fault) : Http1Step::kDone;
}

// The reason phrase, and the space before it, may lack (RFC 9112 §4).
Http1Fault Http1ResponseParser::take_status_line(std::string_view line) {
  if (!is_version(line.substr(0, kVersionBytes)) || line[5] != '1')
    return http1_malformed("the status line does not begin with HTTP/1.0 or HTTP/1.1");
  line.remove_prefix(std::min(line.size(), kVersionBytes - 1));
  head_.version = line[0] == '0' ? HttpVersion::kHttp10 : HttpVersion::kHttp11;
  line.remove_prefix(1);
  if (line.size() < 4 || line[0] != ' ' || (line.size() > 4 && line[4] != ' '))
    return http1_malformed("the status line is not `version code reason`");
  std::optional<uint16_t> code = parse_int<uint16_t>(line.substr(1, 3));
  // Who sends 600 to 999 has reasons of his own; clients take them for 5xx (RFC 9110 §15).
  if (!code || *code < 100) return http1_malformed("the status code is not 100-999");
  if (!is_field_value(trim(line.substr(4)))) return http1_malformed("the reason phrase has a control byte");
  head_.status = *code;
  return {};
}

Http1Fault Http1ResponseParser::complete(bool answers_head) {
  const Http1Facts& facts = fields_.facts();
  if (facts.chunked && facts.content_length) return http1_malformed("Content-Length beside Transfer-Encoding");
  if (facts.chunked && head_.version == HttpVersion::kHttp10) return http1_malformed("Transfer-Encoding in HTTP/1.0");
  persistent_ = !facts.close && (head_.version == HttpVersion::kHttp11 || facts.keep_alive);
  return plan_body(answers_head);
}

Http1Fault Http1ResponseParser::plan_body(bool answers_head) {
  const Http1Facts& facts = fields_.facts();
  body_ = {};
  bool empty_by_status = head_.status < 200 || head_.status == 204;
  if (!empty_by_status) head_.content_length = facts.content_length;
  // A body that may not be there may follow all the same: nothing after it is trusted.
  if (empty_by_status && (facts.chunked || facts.content_length.value_or(0) > 0)) persistent_ = false;
  if (empty_by_status || head_.status == 304 || answers_head) return {};
  if (facts.chunked) {
    body_.kind = Http1BodyPlan::Kind::kChunked;
  } else if (!facts.content_length) {
    body_.kind = Http1BodyPlan::Kind::kUntilClose;
    persistent_ = false;
  } else if (*facts.content_length > 0) {
    body_ = {Http1BodyPlan::Kind::kLength, *facts.content_length};
  }
  return {};
}

ResponseHead Http1ResponseParser::take_head() { return std::exchange(head_, ResponseHead(pool_)); }
}  // namespace heddle
