// Incremental parsers of HTTP/1 heads: line by line straight into the head's arena, one pass, nothing buffered here but
// the head being built. Owned by a codec, reused for every message; an idle parser holds no block. The verdict does not
// depend on how the bytes were split. Sources: RFC 9112 §2-§6, rules H1-H6, limits L1-L3.
#pragma once
#include <optional>

#include "lib/http/head.h"
#include "lib/http/http1_fields.h"

namespace heddle {
// How the end of a body is found (RFC 9112 §6.3).
struct Http1BodyPlan {
  enum class Kind : uint8_t { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  uint64_t length = 0;
};

class Http1RequestParser {
 public:
  // `scheme`: "http" or "https", what the transport is; the target's own scheme is not believed (rule H9).
  Http1RequestParser(BlockPool&, const HttpLimits&, std::string_view scheme);
  // kDone: take_head(), body() and facts() speak of a complete head, and the parser is ready for the next.
  Http1Step read(Buffer& in);
  RequestHead take_head();
  // What has been read of the head that is being built, or that was refused.
  const RequestHead& head() const noexcept { return head_; }
  const Http1BodyPlan& body() const noexcept { return body_; }
  const Http1Facts& facts() const noexcept { return fields_.facts(); }
  bool begun() const noexcept { return state_ != State::kStart; }
  Error error() const;  // after kFault

 private:
  enum class State : uint8_t { kStart, kSkippedLine, kFields };
  Http1Step read_start(Buffer& in);
  Http1Fault take_request_line(std::string_view line);
  Http1Fault take_version(std::string_view text);
  Http1Fault take_target(std::string_view target);
  Http1Fault take_absolute(std::string_view rest);
  Http1Fault complete();
  Http1Fault complete_host();
  Http1Fault complete_framing();
  Http1Step fail(const Http1Fault&);

  BlockPool& pool_;
  const HttpLimits& limits_;
  const std::string_view scheme_;
  Http1LineReader lines_;
  Http1FieldReader fields_;
  RequestHead head_;
  Http1BodyPlan body_;
  Http1Fault fault_;
  std::optional<Error> rule_broken_;
  State state_ = State::kStart;
  bool absolute_ = false;
};

class Http1ResponseParser {
 public:
  Http1ResponseParser(BlockPool&, const HttpLimits&);
  // `method`: of the request that is being answered; it decides whether there is a body.
  Http1Step read(Buffer& in, bool answers_head);
  ResponseHead take_head();
  const Http1BodyPlan& body() const noexcept { return body_; }
  const Http1Facts& facts() const noexcept { return fields_.facts(); }
  // The answer allows another request on its connection.
  bool persistent() const noexcept { return persistent_; }
  bool begun() const noexcept { return in_fields_; }
  Error error() const;  // after kFault: kUpstreamProtocolError or kUpstreamHeadTooLarge

 private:
  Http1Fault take_status_line(std::string_view line);
  Http1Fault complete(bool answers_head);
  Http1Fault plan_body(bool answers_head);
  Http1Step fail(const Http1Fault&);

  BlockPool& pool_;
  const HttpLimits& limits_;
  Http1LineReader lines_;
  Http1FieldReader fields_;
  ResponseHead head_;
  Http1BodyPlan body_;
  Http1Fault fault_;
  bool in_fields_ = false;
  bool persistent_ = false;
};

// What an upstream's fault is called: kUpstreamHeadTooLarge or kUpstreamProtocolError.
Error upstream_error(const Http1Fault&);
}  // namespace heddle
