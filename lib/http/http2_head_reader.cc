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
      request_.version = HttpVersion::kHttp2;
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
  has_host_ = extended_connect_ = malformed_ = false;
  rules_.begin(kind);
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
    if (size_ == Size::kHopeless || kind_ != Kind::kRequest) release();  // a refused request is told about
    return size_;
  }
  if (!(pseudo ? add_pseudo(name, value) : add_field(name, value))) size_ = Size::kTooLarge;
  return size_;
}

bool Http2HeadReader::is_malformed() const noexcept {
  return size_ == Size::kFits && (malformed_ || !rules_.is_complete());
}

bool Http2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  std::optional<PseudoField> field = rules_.pseudo(name, value);
  malformed_ |= !field;
  return malformed_ || store_pseudo(*field, value);
}

bool Http2HeadReader::store_pseudo(PseudoField field, std::string_view value) {
  switch (field) {
    case PseudoField::kMethod:
      return request_.set_method(value);
    case PseudoField::kScheme:
      return request_.set_scheme(value);
    case PseudoField::kAuthority:
      return request_.set_authority(value);
    case PseudoField::kPath:
      if (value.size() > limits_.target_bytes) refuse(Reason::kUriTooLong, "the path exceeds its limit");
      return request_.set_path(value);
    case PseudoField::kProtocol:
      extended_connect_ = true;
      return request_.set_protocol(value);
    case PseudoField::kStatus:
      response_.status = rules_.status();
      return true;
  }
  return true;
}

bool Http2HeadReader::add_cookie(std::string_view value) {
  if (++crumbs_ == 1) {
    cookie_.assign(value);
    return map().add(HeaderName::kCookie, value);
  }
  // An empty crumb adds nothing: "a=1; " would end in white space, which no value may (RFC 9113 §8.2.1).
  if (!value.empty()) cookie_.append(cookie_.empty() ? "" : "; ").append(value);
  return true;
}

bool Http2HeadReader::add_field(std::string_view name, std::string_view value) {
  HeaderName id = header_name(name);
  malformed_ |= !rules_.regular(id, name, value);
  return malformed_ || store_field(id, name, value);
}

bool Http2HeadReader::store_field(HeaderName id, std::string_view name, std::string_view value) {
  if (kind_ == Kind::kTrailers) return is_forbidden_trailer(HeaderField{name, value, id}) || map().add(id, name, value);
  switch (id) {
    case HeaderName::kContentLength:
    case HeaderName::kTe:
    case HeaderName::kHttp2Settings:
      return true;  // of this hop, or said by the framing
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
      [[fallthrough]];
    default:
      return map().add(id, name, value);
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
  request_.accepts_trailers = true;
  request_.content_length = rules_.content_length();
  HEDDLE_CHECK_OK(settle_request());
  return std::move(request_);
}

ResponseHead Http2HeadReader::take_response() {
  response_.version = HttpVersion::kHttp2;
  response_.content_length = rules_.content_length();
  return std::move(response_);
}

HeaderMap Http2HeadReader::take_trailers() { return std::move(trailers_); }
}  // namespace heddle
