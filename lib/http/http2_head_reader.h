// Builds a head or trailers from the fields of one HTTP/2 header block (RFC 9113 §8.2, §8.3) and holds them to the
// limits and to Http2FieldRules. One per connection, reused for every block: blocks do not interleave.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/http/head.h"
#include "lib/http/http2_field_rules.h"
#include "lib/http/limits.h"

namespace heddle {
class Http2HeadReader {
 public:
  // kTooLarge: over the limit, the rest is only counted. kHopeless: so far over that reading on is not worth it.
  enum class Size : uint8_t { kFits, kTooLarge, kHopeless };
  using Kind = Http2Block;
  static constexpr size_t kHopelessFactor = 4;

  Http2HeadReader(BlockPool& pool, const HttpLimits& limits);

  void begin(Kind);
  Size add(std::string_view name, std::string_view value);
  Kind kind() const noexcept { return kind_; }
  Size size() const noexcept { return size_; }
  // A block that fits and is no message: a stream error, whatever else it says.
  bool is_malformed() const noexcept;
  uint16_t status() const noexcept { return rules_.status(); }

  // What there is of a request that was refused: not yet taken. Empty when it is hopeless.
  const RequestHead& request() const noexcept { return request_; }
  void release() noexcept;  // gives the memory back before the next block begins

  // The block is complete. Each may be called once, for its kind.
  Result<RequestHead> take_request();
  ResponseHead take_response();
  HeaderMap take_trailers();
  // The HEADERS of a request said it is over. Extended CONNECT (RFC 8441) without it is a tunnel.
  bool is_extended_connect() const noexcept { return extended_connect_; }

 private:
  bool add_pseudo(std::string_view name, std::string_view value);
  bool store_pseudo(PseudoField, std::string_view value);
  bool add_field(std::string_view name, std::string_view value);
  bool store_field(HeaderName, std::string_view name, std::string_view value);
  bool add_cookie(std::string_view value);
  HeaderMap& map() noexcept;
  void refuse(Reason, const char* why);
  Result<void> settle_request();

  BlockPool& pool_;
  const HttpLimits& limits_;
  Kind kind_ = Kind::kRequest;
  Size size_ = Size::kFits;
  size_t bytes_ = 0;
  size_t fields_ = 0;
  RequestHead request_;
  ResponseHead response_;
  HeaderMap trailers_;
  std::string host_;    // keeps its memory from head to head
  std::string cookie_;  // crumbs joined with "; " (RFC 9113 §8.2.3)
  size_t crumbs_ = 0;
  bool has_host_ = false;
  bool extended_connect_ = false;
  bool malformed_ = false;
  Http2FieldRules rules_;
  Reason refused_ = Reason::kNone;
  const char* why_ = "";
};
}  // namespace heddle
