#include "tests/fuzz/heads.h"

#include "lib/base/strings.h"
#include "lib/http/rules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/codec_pair.h"
#include "tests/support/http2_codec_pair.h"

namespace heddle::fuzz {
namespace {
std::string length_text(const std::optional<uint64_t>& length) {
  return length ? " length=" + std::to_string(*length) : std::string();
}

void add_field(std::string& out, const HeaderField& field) {
  out.append("\n").append(field.name).append(": ").append(field.value);
}

void expect_field_rules(const HeaderMap& fields) {
  size_t size = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    size += field.name.size() + field.value.size() + 32;
    expect(is_lower_token(field.name), "a field name is a token in lower case", field.name);
    expect(is_field_value(field.value), "a field value is clean", field.value);
    expect(header_name(field.name) == field.id, "a field has the id of its name", field.name);
    bool framing = field.id == HeaderName::kContentLength || field.id == HeaderName::kHost;
    expect(!framing && !is_connection_level(field.id), "framing and connection fields are not handed over", field.name);
  }
  expect(size == fields.list_size(), "list_size() is the sum of the fields");
}

// One pair of codecs, joined back to back.
struct Link {
  Link(const CodecPairFactory& factory, const HttpLimits& l) : limits(next_hop(l)) {
    pair = factory.make(pool, limits, server, client);
    server.codec = pair.server.get();
    client.codec = pair.client.get();
    carry();  // SETTINGS
  }
  void carry() { expect(bool(CodecLink(pool, pair).run()), "the next hop takes what we serialise"); }
  BlockPool pool;
  HttpLimits limits;
  RecordingServerEvents server;
  RecordingClientEvents client;
  CodecPair pair;
};

std::string crossed(const CodecPairFactory& factory, const RequestHead& head, BodyFollows body, const HttpLimits& l) {
  Link link(factory, l);
  std::string got = "nothing";
  link.server.handler = [&](StreamId, const RequestHead& arrived, bool) { got = canonical(arrived); };
  link.pair.client->open(head, body == BodyFollows::kNo);
  link.carry();
  return got;
}

RequestHead asked(BlockPool& pool, std::string_view method) {
  bool upgrade = method == "websocket";
  RequestHead head = make_request(pool, upgrade ? "GET" : method, "/");
  if (upgrade) HEDDLE_CHECK(head.set_protocol(method));
  return head;
}

std::string crossed(const CodecPairFactory& factory, const ResponseHead& head, BodyFollows body,
                    std::string_view method, const HttpLimits& l) {
  Link link(factory, l);
  std::string got = "nothing";
  link.client.handler = [&](StreamId, const ResponseHead& arrived, bool) { got = canonical(arrived); };
  link.pair.client->open(asked(link.pool, method), method != "websocket");
  link.carry();
  link.pair.server->respond(link.server.last_id(), head, body == BodyFollows::kNo);
  link.carry();
  return got;
}
}  // namespace

std::string canonical(const RequestHead& head) {
  std::string out;
  for (std::string_view part : {head.method(), head.scheme(), head.authority(), head.path(), head.protocol()}) {
    out.append(part).append("|");
  }
  if (head.content_length.value_or(0) > 0) out.append(length_text(head.content_length));
  std::string cookies;  // joined; an empty one adds nothing
  bool has_cookie = false;
  for (size_t i = 0; i < head.fields().size(); ++i) {
    HeaderField field = head.fields().at(i);
    if (field.id != HeaderName::kCookie) {
      add_field(out, field);
    } else {
      has_cookie = true;
      if (!field.value.empty()) cookies.append(cookies.empty() ? "" : "; ").append(field.value);
    }
  }
  return has_cookie ? str_cat(out, "\ncookie: ", cookies) : out;
}

std::string canonical(const ResponseHead& head) {
  std::string out = std::to_string(head.status) + length_text(head.content_length);
  for (size_t i = 0; i < head.fields().size(); ++i) add_field(out, head.fields().at(i));
  return out;
}

void expect_rules(const RequestHead& head, const HttpLimits& limits) {
  Result<void> verdict = check_request_head(head);
  expect(bool(verdict), "an accepted head keeps the rules of rules.h", canonical(head));
  expect(head.fields().size() <= limits.fields, "the number of fields is bounded");
  expect(head.fields().list_size() <= limits.head_bytes, "the size of a head is bounded");
  expect(head.path().size() <= limits.target_bytes, "the size of a target is bounded");
  expect(head.protocol().empty() || head.protocol() == "websocket", "no upgrade but websocket", head.protocol());
  expect_field_rules(head.fields());
}

void expect_rules(const ResponseHead& head, const HttpLimits& limits) {
  expect(head.status >= 100 && head.status <= 999, "a status is 100-999", std::to_string(head.status));
  expect(head.fields().size() <= limits.fields, "the number of fields is bounded");
  expect(head.fields().list_size() <= limits.head_bytes, "the size of a head is bounded");
  expect_field_rules(head.fields());
}

void expect_crosses(const RequestHead& head, BodyFollows body, const HttpLimits& limits) {
  std::string was = canonical(head);
  expect_same(crossed(http1_pair(), head, body, limits), was, "a request survives a hop of HTTP/1");
  expect_same(crossed(http2_pair(), head, body, limits), was, "a request survives a hop of HTTP/2");
}

void expect_crosses(const ResponseHead& head, BodyFollows body, std::string_view method, const HttpLimits& limits) {
  std::string was = canonical(head);
  expect_same(crossed(http1_pair(), head, body, method, limits), was, "an answer survives a hop of HTTP/1");
  if (method == "websocket" && head.status / 100 == 2) return;
  expect_same(crossed(http2_pair(), head, body, method, limits), was, "an answer survives a hop of HTTP/2");
}

HttpLimits next_hop(HttpLimits limits) {
  HttpLimits base;
  HttpLimits mesh = HttpLimits::mesh();
  limits.fields += mesh.fields - base.fields;
  limits.head_bytes += mesh.head_bytes - base.head_bytes;
  return limits;
}

HttpLimits small_limits() {
  HttpLimits limits;
  limits.target_bytes = 48;
  limits.head_bytes = 320;
  limits.fields = 6;
  limits.chunk_extension_bytes = 12;
  limits.chunk_extensions_total = 30;
  limits.informational = 2;
  return limits;
}
}  // namespace heddle::fuzz
