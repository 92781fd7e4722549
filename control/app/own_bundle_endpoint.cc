#include "control/app/own_bundle_endpoint.h"

#include <algorithm>

#include "control/api/bundle_answer.h"

namespace heddle {
namespace {
constexpr double kShareOfDescriptors = 0.01;

HttpLimits http_limits() {
  HttpLimits limits;
  limits.max_concurrent_streams = OwnBundleEndpoint::kMostStreams;
  limits.head_bytes = OwnBundleEndpoint::kMaxHead;
  return limits;
}

ControlEndpoint::Options options_for(const Address& address) {
  ControlEndpoint::Options options;
  options.address = address;
  options.max_connections =
      std::min(OwnBundleEndpoint::kMostConnections, ConnectionCap::default_limit(kShareOfDescriptors, 1));
  options.max_of_source =
      std::max(OwnBundleEndpoint::kLeastOfSource, options.max_connections / OwnBundleEndpoint::kSources);
  options.limits.body = 0;
  options.limits.session.request_head = OwnBundleEndpoint::kPatience;
  options.limits.session.idle = OwnBundleEndpoint::kPatience;
  options.limits.session.drain = OwnBundleEndpoint::kPatience;
  options.handshake = OwnBundleEndpoint::kPatience;
  options.handshakes = {OwnBundleEndpoint::kMostHandshakes, 1};
  options.longest_stay = OwnBundleEndpoint::kLongestStay;
  return options;
}
}  // namespace

OwnBundleEndpoint::OwnBundleEndpoint(Access, Loop& loop, const Address& address,
                                     std::unique_ptr<BundleCertificate> certificate)
    : protocols_(loop, http_limits()),
      certificate_(std::move(certificate)),
      endpoint_(
          loop, protocols_, [this] { return certificate_->context(); }, options_for(address)) {
  endpoint_.http().route("GET", kBundlePath, [this](const RpcRequest&, HttpServer::Respond respond) {
    ++answered_;
    respond(answer_);
  });
}

Result<std::unique_ptr<OwnBundleEndpoint>> OwnBundleEndpoint::create(Parts parts) {
  BundleCertificate::Parts of_certificate{parts.loop, parts.own, std::move(parts.files), parts.log};
  HEDDLE_TRY(auto certificate, BundleCertificate::create(std::move(of_certificate)));
  return std::make_unique<OwnBundleEndpoint>(Access(), parts.loop, parts.address, std::move(certificate));
}

void OwnBundleEndpoint::use(const DomainRoots& bundle) { answer_ = bundle_answer(bundle); }
}  // namespace heddle
