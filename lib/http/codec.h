// Codec: a protocol without sockets. Bytes go in (receive), events come out, bytes are pulled (produce). HTTP/1 and
// HTTP/2 obey this one contract (tests/contract/codec_contract_test.cc). Owned by its session; belongs to its loop.
//
// Upcalls happen only inside receive(), receive_end() and produce(); every other call only queues. Calls made from
// inside an upcall are allowed (respond, send_data, reset, credit ...) but receive() and produce() are not.
// A stream ends for the user with the first of: on_reset; or both directions ended (its own `end`, the peer's `end`).
// After that the id is dead: calls with it are ignored. A server's codec is made with the ReasonDisclosure of its
// connection: what its own answers may say.
#pragma once
#include <cstdint>
#include <optional>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/flow.h"
#include "lib/base/result.h"
#include "lib/base/strong_id.h"
#include "lib/http/disclosure.h"
#include "lib/http/head.h"
#include "lib/http/keep_alive_ping.h"
#include "lib/http/limits.h"

namespace heddle {

// Why a stream was broken off. HTTP/2 maps it to error codes; on HTTP/1 a reset closes the connection.
enum class ResetCode : uint8_t {
  kNoError,
  kCancel,
  kRefused,      // RST_STREAM(REFUSED_STREAM): certainly not processed
  kUnprocessed,  // only received: beyond the last id of the peer's GOAWAY, or never sent; not processed
  kProtocolError,
  kInternalError,
  kFlowControlError,
  kEnhanceYourCalm,
  kHeadTooLarge,  // only received: the peer's head exceeds our limits (h2: stream error; a server answers 431)
  kTooManyInformational,
  kConnectError,
};
std::string_view to_text(ResetCode) noexcept;

// A request that a codec refused by itself: on_request() never told it. Views, valid during the call that got it.
struct RefusedRequest {
  const Error& why;
  const RequestHead& head;  // as far as it was read, perhaps not at all; nothing of it was judged
  uint16_t status;          // of the answer; 0: the stream was reset
};

class CodecEvents {
 public:
  virtual void on_data(StreamId, Buffer&&, bool end) = 0;
  virtual void on_trailers(StreamId, HeaderMap&&) = 0;  // implies the end
  virtual void on_reset(StreamId, ResetCode) = 0;       // the last upcall of this stream
  virtual void on_drained(StreamId) = 0;                // after kFull: queued bytes fell below the low mark
  virtual void on_go_away(StreamId last) = 0;           // the peer takes no new streams; h1: answer said close

 protected:
  ~CodecEvents() = default;
};
class ServerEvents : public CodecEvents {
 public:
  virtual void on_request(StreamId, RequestHead&&, bool end) = 0;
  // And the connection goes on. HTTP/2 only: see ServerCodec::fail() for HTTP/1.
  virtual void on_refused(const RefusedRequest&) {}
};
class ClientEvents : public CodecEvents {
 public:
  virtual void on_response(StreamId, ResponseHead&&, bool end) = 0;
  virtual void on_informational(StreamId, ResponseHead&&) = 0;
};

class Codec {
 public:
  virtual ~Codec() = default;
  // Consumes what it can; may leave bytes (h1: the next pipelined request, or while paused). An error is the end of
  // the connection: the session calls fail() (server) or drops it (client), produce()s what is left and closes.
  virtual Result<void> receive(Buffer& in) = 0;
  // The peer half-closed. An error if that truncates a message (RFC 9112 §8).
  virtual Result<void> receive_end() = 0;
  // Appends up to about `budget` bytes (a frame is never cut) to `out`; returns how many. The only way bytes leave.
  virtual size_t produce(Buffer& out, size_t budget) = 0;
  virtual bool wants_read() const = 0;   // false: at a mark, do not call receive()
  virtual bool wants_write() const = 0;  // produce() would give bytes
  // Takes everything. kFull: wait for on_drained.
  [[nodiscard]] virtual Flow send_data(StreamId, Buffer&&, bool end) = 0;
  virtual void send_trailers(StreamId, const HeaderMap&) = 0;  // ends our direction
  virtual void reset(StreamId, ResetCode) = 0;                 // no further upcall for this stream
  virtual void credit(StreamId, size_t bytes) = 0;             // `bytes` of on_data left us on the other side
  virtual void go_away() = 0;         // graceful: no new streams; h2 sends the notice, then the final GOAWAY
  virtual bool reusable() const = 0;  // may carry another request after this one
  virtual bool finished() const = 0;  // nothing in flight and nothing to come: the session may close after flush
  // A tunnel (after 101) whose own direction has ended and was produced: half-close the transport. HTTP/1 only.
  virtual bool wants_finish() const { return false; }
  virtual size_t capacity() const = 0;  // how many more streams may be open()ed now
  virtual size_t active_streams() const = 0;
  // How a silent peer is asked whether it is still there; HTTP/2 only. Off until told.
  virtual void set_keep_alive(KeepAlive) {}
  // When expire() and produce() want to be called although nothing happened: the final GOAWAY, SETTINGS never
  // acknowledged, a silent peer.
  virtual std::optional<MonoTime> wake_at() const { return std::nullopt; }
  // Looks at these times, also while the transport takes nothing. An error, as one of receive(), ends the connection.
  virtual Result<void> expire() { return {}; }
  // What ended the connection, also when that became clear only while it was written; null while it is fine.
  virtual const Error* failure() const { return nullptr; }
  // What the peer did too often (Reason::kAbuse), as a label: "rapid-reset". Empty: nothing.
  virtual std::string_view abuse_kind() const { return {}; }
};

class ServerCodec : public Codec {
 public:
  virtual void inform(StreamId, const ResponseHead&) = 0;  // 1xx, at most 16; ignored for HTTP/1.0 clients
  virtual void respond(StreamId, const ResponseHead&, bool end) = 0;
  // The connection failed with the error that receive() gave: h1 queues one final answer made of `info(reason)`, with
  // `connection: close` and as much of the reason as the disclosure allows, if no answer has begun; h2 a GOAWAY.
  // wants_read() is false from now on. Gives the request that this answer refused: none when the failure came in the
  // middle of a stream or nobody is left to hear.
  virtual std::optional<RefusedRequest> fail(const Error&) = 0;
};

class ClientCodec : public Codec {
 public:
  // capacity() must be > 0.
  virtual StreamId open(const RequestHead&, bool end) = 0;
};
}  // namespace heddle
