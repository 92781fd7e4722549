// Streams: what the proxy sees of a request, whatever the protocol. Owned by their session and pooled there; belong to
// its loop. A stream pointer is dead after the first of
//   - on_gone() (the stream failed; exactly once, the last upcall),
//   - reset() (we broke it off; no upcall follows),
//   - both directions ended: our `end` was written and the peer's `end` was delivered.
// Upcalls come from the loop, never from inside a call down. Bytes given to on_body must be credited back when they
// have left on the other side (docs/flow-control.md).
#pragma once
#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/flow.h"
#include "lib/http/codec.h"
#include "lib/net/transport.h"

namespace heddle {

class BodySink {
 public:
  virtual void on_body(Buffer&&, bool end) = 0;
  virtual void on_trailers(HeaderMap&&) = 0;   // implies the end
  virtual void on_drained() = 0;               // after kFull
  virtual void on_gone(const Error& why) = 0;  // the stream failed; last, once

 protected:
  ~BodySink() = default;
};

class ResponseSink : public BodySink {
 public:
  virtual void on_informational(ResponseHead&&) = 0;  // 1xx but 101; any number up to the limit, before on_response
  virtual void on_response(ResponseHead&&, bool end) = 0;  // once, before any body

 protected:
  ~ResponseSink() = default;
};

class BodyWriter {
 public:
  // Takes everything; kFull: wait for on_drained.
  [[nodiscard]] virtual Flow write(Buffer&&, bool end) = 0;
  virtual void trailers(HeaderMap&&) = 0;  // ends our direction
  virtual void reset(ResetCode) = 0;
  virtual void credit(size_t bytes) = 0;

 protected:
  ~BodyWriter() = default;
};

class ServerStream : public BodyWriter {
 public:
  virtual void set_sink(BodySink&) = 0;  // inside RequestHandler::on_request, before anything else
  virtual void inform(ResponseHead&&) = 0;
  virtual void respond(ResponseHead&&, bool end) = 0;
  virtual const ConnectionInfo& connection() const = 0;

 protected:
  ~ServerStream() = default;
};

class ClientStream : public BodyWriter {
 public:
  virtual const ConnectionInfo& connection() const = 0;
  // The connection had carried a request before: a failure without a response byte may be the keep-alive race.
  virtual bool on_reused_connection() const = 0;

 protected:
  ~ClientStream() = default;
};

// The kind of abuse below any codec: TLS (lib/tls/key_update_guard.h).
inline constexpr std::string_view kTransportAbuse = "key-update";

// Creates what handles a request. Called once per request, from the loop; must call set_sink() on the stream or
// answer it at once (respond with end; the request body is then discarded by reset() or the codec).
class RequestHandler {
 public:
  virtual void on_request(ServerStream&, RequestHead&&, bool end) = 0;
  // What this client is told when a request of it is refused. Asked once per connection, when it is authenticated.
  virtual ReasonDisclosure disclosure(const ConnectionInfo&) const = 0;
  // For log and metrics. Each failure is told by one of these two:
  // a request was refused before it could be handed over (bad head, head timeout), by an answer or a reset;
  virtual void on_refused_request(const ConnectionInfo&, const RefusedRequest&) {}
  // the connection failed (handshake, abuse, broken framing), with or without streams.
  virtual void on_bad_connection(const ConnectionInfo&, const Error&) {}
  // Beside that, for Reason::kAbuse: what the peer did too often, as "rapid-reset".
  virtual void on_abuse(std::string_view /*kind*/) {}

 protected:
  ~RequestHandler() = default;
};
}  // namespace heddle
