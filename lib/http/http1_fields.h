// Fields of one HTTP/1 head or trailer section: reads `name: value` lines into a HeaderMap, keeps what belongs to the
// connection or the framing to itself (codec contract in head.h), enforces the limits L2 and L3. Owned by a parser.
// Names are lowered here, once. Rejects instead of repairing (rules H1-H6); responses may have space before the colon.
#pragma once
#include <cstdint>
#include <optional>

#include "lib/http/head.h"
#include "lib/http/http1_line.h"
#include "lib/http/limits.h"

namespace heddle {
enum class Http1Section : uint8_t { kRequest, kResponse, kRequestTrailers, kResponseTrailers };
// Of the head or of the trailers.
constexpr bool is_trailers(Http1Section section) {
  return section == Http1Section::kRequestTrailers || section == Http1Section::kResponseTrailers;
}
constexpr bool is_of_response(Http1Section section) {
  return section == Http1Section::kResponse || section == Http1Section::kResponseTrailers;
}

// What the fields said about connection and framing.
struct Http1Facts {
  std::optional<uint64_t> content_length;
  uint8_t transfer_encodings = 0;  // fields seen
  uint8_t hosts = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool connection_upgrade = false;
  bool websocket = false;
  bool te_trailers = false;
  bool has_nominations = false;
  bool expect_continue = false;
};

class Http1FieldReader {
 public:
  Http1FieldReader(Http1Section section, const HttpLimits& limits) : limits_(limits), section_(section) {}
  // `used`: bytes of head_bytes that the start line took.
  void begin(size_t used) noexcept;
  // Reads field lines until the empty one. kDone: the section is over, consumed and its nominations removed. The text
  // of Host lands in `authority` of the caller's choice: it is handed over by on_host().
  Http1Step read(Buffer& in, HeaderMap& fields);
  const Http1Facts& facts() const noexcept { return facts_; }
  std::optional<HeadText> host() const noexcept { return host_; }
  const Http1Fault& fault() const noexcept { return fault_; }

 private:
  Http1Fault take_line(std::string_view line, HeaderMap& fields);
  Http1Fault take_field(HeaderName id, std::string_view name, std::string_view value, HeaderMap& fields);
  Http1Fault take_connection(std::string_view value, HeaderMap& fields);
  Http1Fault take_option(std::string_view option);
  Http1Fault take_content_length(std::string_view value);
  Http1Fault take_transfer_encoding(std::string_view value);
  Http1Fault take_host(std::string_view value, HeaderMap& fields);
  Http1Fault take_expect(std::string_view value, HeaderMap& fields);
  Http1Fault remove_nominated(HeaderMap& fields) const;
  Http1Step fail(const Http1Fault&);

  const HttpLimits& limits_;
  Http1LineReader lines_;
  Http1Facts facts_;
  std::optional<HeadText> host_;
  Http1Fault fault_;
  size_t bytes_ = 0;
  size_t fields_ = 0;
  size_t options_ = 0;
  const Http1Section section_;
};
}  // namespace heddle
