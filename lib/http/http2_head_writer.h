// Turns heads into nghttp2's field arrays. The views point into the head and into this object: nghttp2 copies the
// values at once (one pooled allocation per head), so nothing must outlive the submit call. The scratch array is the
// worker's.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "lib/http/head.h"
#include "lib/http/http2_memory.h"

namespace heddle {
class Http2HeadWriter {
 public:
  explicit Http2HeadWriter(Http2Memory& memory) : fields_(memory.fields()) { fields_.clear(); }
  Http2HeadWriter(const Http2HeadWriter&) = delete;
  Http2HeadWriter& operator=(const Http2HeadWriter&) = delete;

  // A `protocol` becomes extended CONNECT (RFC 8441).
  void add_request(const RequestHead&);
  // `status` is what goes on the wire: 101 is 200 there.
  void add_response(const ResponseHead&, uint16_t status);
  void add_fields(const HeaderMap&);

  const nghttp2_nv* data() const noexcept { return fields_.data(); }
  size_t size() const noexcept { return fields_.size(); }

 private:
  void add(std::string_view name, std::string_view value, uint8_t flags = 0);
  // `name` is a constant of the program: nghttp2 neither copies nor lowers it.
  void add_constant(std::string_view name, std::string_view value, uint8_t flags = 0);
  void add_content_length(uint64_t);
  std::vector<nghttp2_nv>& fields_;
  std::array<char, 3> status_{};
  std::array<char, 20> length_{};
};
}  // namespace heddle
