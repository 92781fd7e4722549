// Local replies: answers that Heddle makes itself. One place turns a reason into status, headers and body, for HTTP
// and for gRPC (trailers-only, status 200). Pure but for the pool the head lives in.
#pragma once
#include "lib/base/error.h"
#include "lib/http/disclosure.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {
// Who may read the reason: whoever comes through an outbound listener is our own application, whoever has shown a
// certificate is a peer of the mesh; the rest are strangers.
ReasonDisclosure disclosure_to(const ConnectionInfo&, Direction) noexcept;

struct LocalReply {
  ResponseHead head;
  std::string_view body;  // static text; empty for gRPC and HEAD
};

// "request-overflow; limit=requests; value=100; backend-set=shop/hello": for who may read it all.
std::string limit_reason_text(Reason, const LimitNote&, std::string_view backend_set);

bool is_grpc(const RequestHead&) noexcept;
LocalReply make_local_reply(const RequestHead& request, const Error& why, ReasonDisclosure, BlockPool&);
}  // namespace heddle
