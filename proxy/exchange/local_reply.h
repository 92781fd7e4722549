// Local replies: answers that Heddle makes itself. One place turns a reason into status, headers and body, for HTTP
// and for gRPC (trailers-only, status 200). Pure but for the pool the head lives in.
#pragma once
#include "lib/base/error.h"
#include "lib/http/head.h"

namespace heddle {
// Who may read the reason (design §1.3): our own application and peers of the mesh its name, nobody else anything.
enum class ReasonDisclosure : uint8_t { kNone, kName };

struct LocalReply {
  ResponseHead head;
  std::string_view body;  // static text; empty for gRPC and HEAD
};

bool is_grpc(const RequestHead&) noexcept;
LocalReply make_local_reply(const RequestHead& request, const Error& why, ReasonDisclosure, BlockPool&);
}  // namespace heddle
