// Bodies of HTTP/1: Http1BodyDecoder finds the end of a body and moves its slices out of the read buffer;
// Http1BodyEncoder frames what is sent. Neither copies body bytes. Owned by a codec, reused for every message.
// Sources: RFC 9112 §6-§7, limits L2-L4. Chunk sizes and extensions are never forwarded.
#pragma once
#include <cstdint>

#include "lib/http/http1_fields.h"
#include "lib/http/http1_head.h"

namespace heddle {

class Http1BodyDecoder {
 public:
  // `trailers`: of requests or of responses.
  Http1BodyDecoder(const HttpLimits& limits, Http1Section trailers)
      : limits_(limits), trailer_reader_(trailers, limits) {}
  void begin(const Http1BodyPlan&) noexcept;
  // Moves body bytes from `in` to the end of `out`. kDone: the body has ended, `trailers` holds what may go on.
  Http1Step read(Buffer& in, Buffer& out, HeaderMap& trailers);
  // Nothing of this body is to come (an until-close body has no such point).
  bool until_close() const noexcept { return state_ == State::kUntilClose; }
  const Http1Fault& fault() const noexcept { return fault_; }

 private:
  enum class State : uint8_t { kEnded, kLength, kUntilClose, kChunkSize, kChunkData, kChunkEnd, kTrailers };
  Http1Step read_chunk(Buffer& in, Buffer& out, HeaderMap& trailers);
  Http1Step read_size(Buffer& in);
  Http1Step read_chunk_end(Buffer& in);
  Http1Step read_trailers(Buffer& in, HeaderMap& trailers);
  Http1Fault take_size(std::string_view line);
  void move_data(Buffer& in, Buffer& out);
  Http1Step fail(const Http1Fault&);

  const HttpLimits& limits_;
  Http1LineReader lines_;
  Http1FieldReader trailer_reader_;
  Http1Fault fault_;
  uint64_t left_ = 0;
  size_t extension_bytes_ = 0;
  State state_ = State::kEnded;
};

class Http1BodyEncoder {
 public:
  enum class Framing : uint8_t { kNone, kLength, kChunked, kRaw };  // kRaw: until close, or a tunnel
  void begin(Framing framing, uint64_t length) noexcept {
    framing_ = framing;
    left_ = length;
  }
  Framing framing() const noexcept { return framing_; }
  // False: more or less than the head promised; the message must not end cleanly. Nothing is written then.
  [[nodiscard]] bool write(Buffer&& data, Buffer& out);
  [[nodiscard]] bool finish(Buffer& out, const HeaderMap* trailers);

 private:
  Framing framing_ = Framing::kNone;
  uint64_t left_ = 0;
};
}  // namespace heddle
