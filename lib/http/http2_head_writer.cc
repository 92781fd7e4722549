#include "lib/http/http2_head_writer.h"

#include <charconv>

namespace heddle {
namespace {
uint8_t* octets(std::string_view text) {
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));  // nghttp2 only reads them
}

// Secrets must not enter the peer's table; values that never repeat would only push useful ones out of ours.
uint8_t index_flag(HeaderName name) {
  switch (name) {
    case HeaderName::kAuthorization:
    case HeaderName::kProxyAuthorization:
    case HeaderName::kTraceparent:
    case HeaderName::kXRequestId:
      return NGHTTP2_NV_FLAG_NO_INDEX;
    default:
      return NGHTTP2_NV_FLAG_NONE;
  }
}
}  // namespace

void Http2HeadWriter::add(std::string_view name, std::string_view value, uint8_t flags) {
  fields_.push_back(nghttp2_nv{octets(name), octets(value), name.size(), value.size(), flags});
}

void Http2HeadWriter::add_constant(std::string_view name, std::string_view value, uint8_t flags) {
  add(name, value, flags | NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

void Http2HeadWriter::add_content_length(uint64_t n) {
  char* end = std::to_chars(length_.data(), length_.data() + length_.size(), n).ptr;
  add_constant("content-length", {length_.data(), static_cast<size_t>(end - length_.data())});
}

void Http2HeadWriter::add_fields(const HeaderMap& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.id == HeaderName::kOther) {
      add(field.name, field.value);
    } else {
      add_constant(to_text(field.id), field.value, index_flag(field.id));
    }
  }
}

void Http2HeadWriter::add_request(const RequestHead& head) {
  bool upgrade = !head.protocol().empty();
  add_constant(":method", upgrade ? std::string_view("CONNECT") : head.method());
  add_constant(":scheme", head.scheme().empty() ? std::string_view("http") : head.scheme());
  add_constant(":authority", head.authority());
  add_constant(":path", head.path());
  if (upgrade) add_constant(":protocol", head.protocol());
  if (head.accepts_trailers) add_constant("te", "trailers");
  if (head.content_length && !upgrade) add_content_length(*head.content_length);
  add_fields(head.fields());
}

void Http2HeadWriter::add_response(const ResponseHead& head, uint16_t status) {
  for (size_t i = status_.size(); i-- > 0; status /= 10) status_[i] = static_cast<char>('0' + status % 10);
  add_constant(":status", {status_.data(), status_.size()});
  if (head.content_length && head.status != 101) add_content_length(*head.content_length);
  add_fields(head.fields());
}
}  // namespace heddle
