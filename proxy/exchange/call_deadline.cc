#include "proxy/exchange/call_deadline.h"

#include <algorithm>

#include "lib/http/grpc_timeout.h"
#include "proxy/exchange/local_reply.h"

namespace heddle {
// What servers of gRPC answer to a malformed one: INTERNAL.
Result<void> CallDeadline::read(const RequestHead& request, MonoTime came, std::optional<Duration> most) {
  if (most == Duration{}) return {};
  std::optional<std::string_view> field = request.fields().get(HeaderName::kGrpcTimeout);
  if (!field || !is_grpc(request)) return {};
  std::optional<Duration> timeout = parse_grpc_timeout(*field);
  if (!timeout || request.fields().count(HeaderName::kGrpcTimeout) != 1) {
    return make_error(Reason::kDownstreamProtocolError, "grpc-timeout is not one of 1 to 8 digits and a unit",
                      Origin::kDownstream);
  }
  told_ = *timeout;
  at_ = came + std::min(*timeout, most.value_or(*timeout));
  return {};
}

void CallDeadline::tell(HeaderMap& fields, Duration left) {
  if (left >= told_) return;
  bool fits = fields.set(HeaderName::kGrpcTimeout, GrpcTimeoutText(left).text());
  static_cast<void>(fits);  // without room for ten bytes it goes without; our own clock ends it
  told_ = left;
}
}  // namespace heddle
