// Local replies: answers that Heddle makes itself. One place turns a reason into status, headers and body, for HTTP
// and for gRPC (trailers-only, status 200). Pure but for the pool the head lives in.
#pragma once
#include "lib/base/error.h"
#include "lib/http/disclosure.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "proxy/telemetry/access_record.h"

namespace heddle {
// Who may read the reason: whoever comes through an outbound listener is our own application, whoever has shown a
// certificate is a peer of the mesh; the rest are strangers.
ReasonDisclosure disclosure_to(const ConnectionInfo&, Direction) noexcept;

struct LocalReply {
  ResponseHead head;
  std::string_view body;  // static text; empty for gRPC and HEAD
};

bool is_grpc(const RequestHead&) noexcept;
LocalReply make_local_reply(const RequestHead& request, const Error& why, ReasonDisclosure, BlockPool&);
}  // namespace heddle
