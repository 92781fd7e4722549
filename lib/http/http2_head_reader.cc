#include "lib/http/http2_head_reader.h"

#include <utility>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {

Http2HeadReader::Http2HeadReader(BlockPool& pool, const HttpLimits& limits)
    : pool_(pool), limits_(limits), request_(pool), response_(pool), trailers_(pool) {}

// Only what the last block was for can hold anything.
void Http2HeadReader::release() noexcept {
  switch (kind_) {
    case Kind::kRequest:
      request_ = RequestHead(pool_);
      break;
    case Kind::kResponse:
      response_ = ResponseHead(pool_);
      break;
    case Kind::kTrailers:
      trailers_ = HeaderMap(pool_);
      break;
  }
}

void Http2HeadReader::begin(Kind kind) {
  release();
  kind_ = kind;
  size_ = Size::kFits;
  bytes_ = fields_ = crumbs_ = 0;
  host_.clear();
  has_host_ = extended_connect_ = false;
  content_length_.reset();
  refused_ = Reason::kNone;
}

HeaderMap& Http2HeadReader::map() noexcept {
  if (kind_ == Kind::kRequest) return request_.fields();
  return kind_ == Kind::kResponse ? response_.fields() : trailers_;
}

void Http2HeadReader::refuse(Reason reason, const char* why) {
  if (refused_ != Reason::kNone) return;
  refused_ = reason;
  why_ = why;
}

Http2HeadReader::Size Http2HeadReader::add(std::string_view name, std::string_view value) {
  constexpr size_t kPerField = 32;  // RFC 9113 §6.5.2
  bytes_ += name.size() + value.size() + kPerField;
  bool pseudo = !name.empty() && name.front() == ':';
  if (!pseudo) ++fields_;
  if (bytes_ > limits_.head_bytes * kHopelessFactor || fields_ > limits_.fields * kHopelessFactor) {
    size_ = Size::kHopeless;
  } else if (bytes_ > limits_.head_bytes || fields_ > limits_.fields) {
    size_ = Size::kTooLarge;
  }
  if (size_ != Size::kFits) {
    release();
    return size_;
  }
  if (!(pseudo ? add_pseudo(name, value) : add_field(name, value))) size_ = Size::kTooLarge;
  return size_;
}

bool Http2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") return request_.set_method(value);
  if (name == ":scheme") return request_.set_scheme(value);
  if (name == ":authority") return request_.set_authority(value);
  if (name == ":path") {
    if (value.size() > limits_.target_bytes) refuse(Reason::kUriTooLong, "the path exceeds its limit");
    return request_.set_path(value);
  }
  if (name == ":protocol") {
    extended_connect_ = true;
    return request_.set_protocol(value);
  }
  if (name == ":status") response_.status = parse_int<uint16_t>(value).value_or(0);
  return true;
}

bool Http2HeadReader::add_cookie(std::string_view value) {
  if (++crumbs_ == 1) {
    cookie_.assign(value);
    return map().add(HeaderName::kCookie, value);
  }
  cookie_.append("; ").append(value);
  return true;
}

bool Http2HeadReader::add_field(std::string_view name, std::string_view value) {
  HeaderName id = header_name(name);
  if (kind_ == Kind::kTrailers) return is_forbidden_trailer(HeaderField{name, value, id}) || map().add(name, value);
  if (is_connection_level(id)) return true;  // te: trailers and http2-settings are what nghttp2 lets through
  switch (id) {
    case HeaderName::kContentLength:
      content_length_ = parse_int<uint64_t>(value);
      if (!content_length_ || *content_length_ > INT64_MAX) refuse(Reason::kBadRequest, "content-length is no length");
      return true;
    case HeaderName::kHost:
      if (kind_ == Kind::kResponse) return true;
      has_host_ = true;
      host_.assign(value);
      return true;
    case HeaderName::kCookie:
      return kind_ == Kind::kRequest ? add_cookie(value) : map().add(id, value);
    case HeaderName::kOther:
      if (kind_ == Kind::kRequest && is_masked_name(name))
        refuse(Reason::kBadRequest, "a field name has an underscore");
      return map().add(name, value);
    default:
      return map().add(id, value);
  }
}

// RFC 9113 §8.3.1: an intermediary must not forward a request whose Host and :authority differ.
Result<void> Http2HeadReader::settle_request() {
  if (refused_ != Reason::kNone) return make_error(refused_, why_, Origin::kDownstream);
  if (extended_connect_) {
    if (request_.protocol() != "websocket")
      return make_error(Reason::kUnsupported, "only websocket is carried over CONNECT", Origin::kDownstream);
    if (!request_.set_method("GET")) return make_error(Reason::kRequestHeadTooLarge, "no room", Origin::kDownstream);
  }
  if (has_host_ && request_.authority().empty()) {
    if (!request_.set_authority(host_)) return make_error(Reason::kRequestHeadTooLarge, "no room", Origin::kDownstream);
  } else if (has_host_ && !equals_ignore_case(host_, request_.authority())) {
    return make_error(Reason::kBadRequest, "host and :authority differ", Origin::kDownstream);
  }
  if (crumbs_ > 1 && !request_.fields().set(HeaderName::kCookie, cookie_))
    return make_error(Reason::kRequestHeadTooLarge, "no room for the joined cookie", Origin::kDownstream);
  return check_request_head(request_);
}

Result<RequestHead> Http2HeadReader::take_request() {
  request_.version = HttpVersion::kHttp2;
  request_.accepts_trailers = true;
  request_.content_length = content_length_;
  HEDDLE_CHECK_OK(settle_request());
  return std::move(request_);
}

ResponseHead Http2HeadReader::take_response() {
  response_.version = HttpVersion::kHttp2;
  response_.content_length = content_length_;
  return std::move(response_);
}

HeaderMap Http2HeadReader::take_trailers() { return std::move(trailers_); }
}  // namespace heddle
