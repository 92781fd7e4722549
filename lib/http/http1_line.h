// Lines of HTTP/1: finds CRLF in a Buffer whatever way the bytes were split, remembering how far it has looked.
// Owned by a parser; holds no bytes itself. A bare CR or LF is an error (RFC 9112 §2.2, rule H4). The verdict depends
// on the position of the first fault only, never on the split.
#pragma once
#include <cstddef>
#include <string_view>

#include "lib/base/buffer.h"
#include "lib/base/error.h"

namespace heddle {
// An error without memory: parsers meet it on the hot path, codecs make an Error of it once.
struct Http1Fault {
  Reason reason = Reason::kNone;
  std::string_view what;
  explicit operator bool() const noexcept { return reason != Reason::kNone; }
};
inline Http1Fault http1_malformed(std::string_view what) { return {Reason::kBadRequest, what}; }

enum class Http1Step : uint8_t { kDone, kMore, kFault };

class Http1LineReader {
 public:
  // kDone: line() is the next line without CRLF, valid until `in` changes; call finish(in) when it has been used.
  // A line of more than `limit` bytes is the fault `too_long`.
  Http1Step next(Buffer& in, size_t limit, const Http1Fault& too_long);
  std::string_view line() const noexcept { return line_; }
  void finish(Buffer& in) noexcept;
  const Http1Fault& fault() const noexcept { return fault_; }

 private:
  Http1Step found(Bytes head, size_t newline, size_t limit, const Http1Fault& too_long);
  Http1Step fail(const Http1Fault&);
  std::string_view line_;
  size_t scanned_ = 0;  // bytes at the start of `in` that are known to hold no LF
  Http1Fault fault_;
};
}  // namespace heddle
