#include "proxy/exchange/filter_answer.h"

#include <array>
#include <charconv>

namespace heddle {
namespace {
class Answering {
 public:
  Answering(const RequestHead& request, const FilterUse& use, ReasonDisclosure disclosure, BlockPool& pool)
      : request_(request), filters_(*use.filters), port_(use.port), disclosure_(disclosure), pool_(pool) {}

  Result<std::optional<FilterAnswer>> make(LocalAnswer kind) const {
    switch (kind) {
      case LocalAnswer::kPreflight:
        return preflight();
      case LocalAnswer::kAbort:
        return aborted();
      case LocalAnswer::kRedirect:
        return redirect();
      case LocalAnswer::kDirectResponse:
        return direct();
      case LocalAnswer::kNone:
        break;
    }
    return std::optional<FilterAnswer>();
  }

 private:
  using Made = Result<std::optional<FilterAnswer>>;

  FilterAnswer begin(Reason reason, uint16_t status) const {
    FilterAnswer out{reason, {ResponseHead(pool_, status), {}}};
    HeaderMap& fields = out.reply.head.fields();
    if (disclosure_ == ReasonDisclosure::kName) {
      static_cast<void>(fields.add(HeaderName::kHeddleReason, info(reason).name));  // a fresh arena
    }
    return out;
  }

  static Made done(FilterAnswer out, bool fits) {
    if (fits) return std::optional<FilterAnswer>(std::move(out));
    return make_error(Reason::kRequestHeadTooLarge, "no room for what the answer has to repeat", Origin::kDownstream);
  }

  Made preflight() const {
    FilterAnswer out = begin(Reason::kCorsPreflight, info(Reason::kCorsPreflight).status);
    bool fits = filters_.cors()->answer_preflight(request_, out.reply.head.fields());
    return done(std::move(out), fits);
  }

  Made redirect() const {
    FilterAnswer out = begin(Reason::kRouteRedirect, 0);
    HEDDLE_CHECK_OK(filters_.write_redirect(request_, port_, out.reply.head));
    out.reply.head.content_length = 0;
    bool fits = filters_.apply_to_answer(request_, out.reply.head, std::nullopt);
    return done(std::move(out), fits);
  }

  // RFC 9110 §8.6: 204 and 304 say nothing about a length.
  Made direct() const {
    const DirectResponse& said = *filters_.direct_response();
    FilterAnswer out = begin(Reason::kDirectResponse, said.status);
    ResponseHead& head = out.reply.head;
    bool fits = said.body.empty() || head.fields().add(HeaderName::kContentType, said.content_type);
    if (!response_has_no_body({}, said.status)) head.content_length = said.body.size();
    if (!request_.is_head()) out.reply.body = said.body;
    fits = fits && filters_.apply_to_answer(request_, head, std::nullopt);
    return done(std::move(out), fits);
  }

  Made aborted() const {
    const FaultAbort& fault = *filters_.abort();
    bool grpc = is_grpc(request_);
    FilterAnswer out = begin(Reason::kFaultAbort, grpc ? uint16_t{200} : fault.status);
    HeaderMap& fields = out.reply.head.fields();
    bool tells = disclosure_ == ReasonDisclosure::kName;
    std::string_view said = tells ? info(Reason::kFaultAbort).name : reason_phrase(fault.status);
    if (!grpc) {
      bool fits = fields.add(HeaderName::kContentType, "text/plain");
      out.reply.head.content_length = said.size();
      if (!request_.is_head()) out.reply.body = said;
      return done(std::move(out), fits);
    }
    std::array<char, 4> room{};
    char* end = std::to_chars(room.data(), room.data() + room.size(), fault.grpc_status).ptr;
    bool fits = fields.add(HeaderName::kContentType, "application/grpc") &&
                fields.add(HeaderName::kGrpcStatus, {room.data(), static_cast<size_t>(end - room.data())}) &&
                fields.add(HeaderName::kGrpcMessage, said);
    return done(std::move(out), fits);
  }

  const RequestHead& request_;
  const RouteFilters& filters_;
  uint16_t port_;
  ReasonDisclosure disclosure_;
  BlockPool& pool_;
};
}  // namespace

Result<std::optional<FilterAnswer>> filter_request(RequestHead& request, const FilterUse& use,
                                                   ReasonDisclosure disclosure, BlockPool& pool) {
  LocalAnswer kind = use.filters->answer_to(request, use.draw);
  if (kind != LocalAnswer::kNone) return Answering(request, use, disclosure, pool).make(kind);
  HEDDLE_CHECK_OK(use.filters->apply_to_request(request, use.backend));
  return std::optional<FilterAnswer>();
}

Result<void> filter_answer(const RequestHead& request, const FilterUse& use, ResponseHead& answer) {
  if (use.filters->apply_to_answer(request, answer, use.backend)) return {};
  return make_error(Reason::kUpstreamHeadTooLarge, "with what filters add", Origin::kUpstream);
}
}  // namespace heddle
