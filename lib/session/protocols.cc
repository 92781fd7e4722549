#include "lib/session/protocols.h"

#include "lib/http/http1_client_codec.h"
#include "lib/http/http1_server_codec.h"
#include "lib/http/http2_client_codec.h"
#include "lib/http/http2_server_codec.h"

namespace heddle {

Protocols::Protocols(Loop& loop, const HttpLimits& limits) : shared_{loop, limits, {}} {}

std::unique_ptr<ServerCodec> Protocols::Http1Server::make(ServerEvents& events, ReasonDisclosure disclosure) {
  return std::make_unique<Http1ServerCodec>(shared.loop.blocks(), shared.limits, "http", events, disclosure);
}

std::unique_ptr<ServerCodec> Protocols::Http2Server::make(ServerEvents& events, ReasonDisclosure disclosure) {
  Http2Worker worker{shared.loop.blocks(), shared.http2_memory, shared.loop};
  return std::make_unique<Http2ServerCodec>(worker, shared.limits, events, disclosure);
}

std::unique_ptr<ClientCodec> Protocols::Http1Client::make(ClientEvents& events) {
  return std::make_unique<Http1ClientCodec>(shared.loop.blocks(), shared.limits, events);
}

std::unique_ptr<ClientCodec> Protocols::Http2Client::make(ClientEvents& events) {
  Http2Worker worker{shared.loop.blocks(), shared.http2_memory, shared.loop};
  return std::make_unique<Http2ClientCodec>(worker, shared.limits, events);
}
}  // namespace heddle
