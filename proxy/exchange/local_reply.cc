#include "proxy/exchange/local_reply.h"

#include <array>
#include <charconv>
#include <span>

#include "lib/base/assert.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view decimal(unsigned value, std::span<char> room) {
  auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), static_cast<size_t>(end - room.data())};
}
}  // namespace

ReasonDisclosure disclosure_to(const ConnectionInfo& caller, Direction direction) noexcept {
  bool known = direction == Direction::kOutbound || caller.peer_certificate != nullptr;
  return known ? ReasonDisclosure::kName : ReasonDisclosure::kNone;
}

std::string limit_reason_text(Reason reason, const LimitNote& limit, std::string_view backend_set) {
  return str_cat(info(reason).name, "; limit=", to_text(limit.limit), "; value=", std::to_string(limit.value),
                 "; backend-set=", backend_set);
}

bool is_grpc(const RequestHead& request) noexcept {
  auto type = request.fields().get(HeaderName::kContentType);
  return type && type->starts_with("application/grpc");
}

LocalReply make_local_reply(const RequestHead& request, const Error& why, ReasonDisclosure disclosure,
                            BlockPool& pool) {
  const ReasonInfo& reason = info(why.reason);
  bool grpc = is_grpc(request);
  bool tell = disclosure == ReasonDisclosure::kName;
  std::string_view said = tell ? reason.name : reason_phrase(reason.status);
  LocalReply reply{ResponseHead(pool, grpc ? 200 : reason.status), {}};
  HeaderMap& fields = reply.head.fields();
  // A fresh arena always has room for these few.
  bool fits = true;
  if (tell) fits &= fields.add(HeaderName::kHeddleReason, reason.name);
  std::array<char, 8> number{};
  if (grpc) {
    fits &= fields.add(HeaderName::kContentType, "application/grpc");
    fits &= fields.add(HeaderName::kGrpcStatus, decimal(reason.grpc_status, number));
    fits &= fields.add(HeaderName::kGrpcMessage, said);
  } else {
    fits &= fields.add(HeaderName::kContentType, "text/plain");
    reply.body = said;
    reply.head.content_length = reply.body.size();
  }
  HEDDLE_ASSERT(fits);
  if (request.is_head()) reply.body = {};
  return reply;
}
}  // namespace heddle
