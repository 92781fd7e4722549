#include "lib/http/http1_write.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "lib/http/rules.h"

namespace heddle {
namespace {
// Copies text into reserved room; asks for more room only when a head outgrows its block.
class HeadWriter {
 public:
  HeadWriter(Buffer& out, size_t estimate) : out_(out), room_(out.reserve(estimate)) {}
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;
  ~HeadWriter() { out_.commit(used_); }

  void put(std::string_view text) {
    while (text.size() > room_.size() - used_) text.remove_prefix(fill(text));
    if (text.empty()) return;
    std::memcpy(room_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void put_number(uint64_t number) {
    std::array<char, 20> digits;
    char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    put({digits.data(), static_cast<size_t>(end - digits.data())});
  }
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }

 private:
  size_t fill(std::string_view text) {
    size_t part = room_.size() - used_;
    if (part > 0) std::memcpy(room_.data() + used_, text.data(), part);
    out_.commit(used_ + part);
    used_ = 0;
    room_ = out_.reserve(text.size() - part);
    return part;
  }
  Buffer& out_;
  MutableBytes room_;
  size_t used_ = 0;
};

size_t estimate(const HeaderMap& fields, size_t more) { return fields.list_size() + more + 256; }

bool is_written_elsewhere(HeaderName name) {
  return is_connection_level(name) || name == HeaderName::kContentLength || name == HeaderName::kHost;
}

// An empty crumb adds nothing: "a=1; " would end in white space, which is no part of a value (RFC 9110 §5.5).
void put_cookies(HeadWriter& writer, const HeaderMap& fields) {
  bool has_cookie = false;
  std::string_view before;
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.id != HeaderName::kCookie) continue;
    if (!has_cookie) writer.put("cookie: ");
    has_cookie = true;
    if (field.value.empty()) continue;
    writer.put(before);
    writer.put(field.value);
    before = "; ";
  }
  if (has_cookie) writer.put("\r\n");
}

void put_length(HeadWriter& writer, uint64_t length) {
  writer.put("content-length: ");
  writer.put_number(length);
  writer.put("\r\n");
}

bool method_expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

void put_request_framing(HeadWriter& writer, const RequestHead& head, const Http1BodyPlan& body) {
  if (body.kind == Http1BodyPlan::Kind::kChunked) {
    writer.put("transfer-encoding: chunked\r\n");
  } else if (body.kind == Http1BodyPlan::Kind::kLength) {
    put_length(writer, body.length);
  } else if (head.content_length || method_expects_body(head.method())) {
    put_length(writer, 0);
  }
}

// Who sends TE must name it in Connection (RFC 9110 §10.1.4).
void put_request_connection(HeadWriter& writer, const RequestHead& head) {
  if (!head.protocol().empty()) {
    writer.put("connection: Upgrade\r\n");
    writer.field("upgrade", head.protocol());
  } else if (head.accepts_trailers) {
    writer.put("connection: te\r\nte: trailers\r\n");
  }
}

std::string_view status_digits(uint16_t status, std::array<char, 5>& room) {
  char* end = std::to_chars(room.data(), room.data() + room.size(), status).ptr;
  return {room.data(), static_cast<size_t>(end - room.data())};
}

void put_status_line(HeadWriter& writer, uint16_t status) {
  std::array<char, 5> digits;
  writer.put("HTTP/1.1 ");
  writer.put(status_digits(status, digits));
  writer.put(" ");
  writer.put(reason_phrase(status));
  writer.put("\r\n");
}
}  // namespace

void write_http1_request(const RequestHead& head, const Http1BodyPlan& body, Buffer& out) {
  const HeaderMap& fields = head.fields();
  HeadWriter writer(out, estimate(fields, head.path().size() + head.authority().size()));
  writer.put(head.protocol().empty() ? head.method() : "GET");
  writer.put(" ");
  writer.put(head.path());
  writer.put(" HTTP/1.1\r\n");
  writer.field("host", head.authority());
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (is_written_elsewhere(field.id) || field.id == HeaderName::kCookie) continue;
    writer.field(field.name, field.value);
  }
  put_cookies(writer, fields);
  put_request_framing(writer, head, body);
  put_request_connection(writer, head);
  writer.put("\r\n");
}

void write_http1_response(const ResponseHead& head, const Http1ResponseFraming& framing, Buffer& out) {
  const HeaderMap& fields = head.fields();
  HeadWriter writer(out, estimate(fields, 0));
  put_status_line(writer, head.status);
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (!is_written_elsewhere(field.id)) writer.field(field.name, field.value);
  }
  if (framing.body.kind == Http1BodyPlan::Kind::kChunked) writer.put("transfer-encoding: chunked\r\n");
  if (framing.length) put_length(writer, *framing.length);
  if (!framing.upgrade.empty()) {
    writer.put("connection: Upgrade\r\n");
    writer.field("upgrade", framing.upgrade);
  } else if (framing.persistence == Http1Persistence::kClose) {
    writer.put("connection: close\r\n");
  }
  writer.put("\r\n");
}

void write_http1_failure(Reason reason, ReasonDisclosure disclosure, std::string_view request_method, Buffer& out) {
  const ReasonInfo& row = info(reason);
  bool tell = disclosure == ReasonDisclosure::kName;
  std::string_view what = tell ? row.name : reason_phrase(row.status);
  std::string_view before = tell ? ": " : "";
  std::string_view hint = tell ? row.hint : "";
  HeadWriter writer(out, 1024);
  put_status_line(writer, row.status);
  writer.put("content-type: text/plain\r\n");
  if (tell) writer.field(to_text(HeaderName::kHeddleReason), row.name);
  put_length(writer, what.size() + before.size() + hint.size() + 1);
  writer.put("connection: close\r\n\r\n");
  if (request_method == "HEAD") return;
  for (std::string_view part : {what, before, hint, std::string_view("\n")}) writer.put(part);
}
}  // namespace heddle
