#include "control/app/own_identity.h"

#include <algorithm>

#include "certs/rotation.h"
#include "control/ca/ca_state.h"
#include "control/ca/key_store.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kLongestSleep = 1h;  // then the clock is looked at again: it may have been set
constexpr Duration kShortestSleep = 500ms;
}  // namespace

OwnIdentity::OwnIdentity(Access, Parts parts) : parts_(std::move(parts)) {
  timer_ = parts_.scheduler.timer([this] { on_timer(); });
}

Result<std::unique_ptr<OwnIdentity>> OwnIdentity::create(Parts parts) {
  auto own = std::make_unique<OwnIdentity>(Access(), std::move(parts));
  HEDDLE_CHECK_OK(own->renew());
  own->schedule();
  return own;
}

Result<void> OwnIdentity::use(CertificateAuthority::Ptr authority, DomainRoots::Ptr bundle) {
  parts_.authority = std::move(authority);
  parts_.bundle = std::move(bundle);
  HEDDLE_CHECK_OK(renew());
  schedule();
  return {};
}

Result<void> OwnIdentity::renew() {
  WallTime now = parts_.scheduler.wall();
  HEDDLE_TRY(Svid svid, issue_control_svid(*parts_.authority, parts_.names, parts_.ttl, now));
  TlsContext::Options options{TlsRole::kServer, PeerCertificatePolicy::kOptional, {}};
  options.alpn = {std::string(alpn::kHttp2), std::string(alpn::kHttp1)};
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(parts_.bundle);
  TlsMaterial material{std::make_shared<const Svid>(std::move(svid)), std::move(bundle)};
  HEDDLE_TRY(auto context, TlsContext::create(material, options));
  TlsContext::Options client{TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2)}};
  HEDDLE_TRY(auto client_context, TlsContext::create(material, std::move(client)));
  options.peer = PeerCertificatePolicy::kNone;
  HEDDLE_TRY(public_context_, TlsContext::create(material, std::move(options)));
  context_ = std::move(context);
  client_context_ = std::move(client_context);
  bundle_digest_ = parts_.bundle->digest();
  authority_pin_ = root_pin(*parts_.authority);
  return {};
}

void OwnIdentity::schedule() {
  const Svid& svid = *context_->svid();
  WallTime at = rotate_at(svid.issued_at, svid.not_after, parts_.random.unit());
  timer_->arm(std::clamp(at - parts_.scheduler.wall(), kShortestSleep, kLongestSleep));
}

void OwnIdentity::on_timer() {
  const Svid& svid = *context_->svid();
  if (should_rotate(parts_.scheduler.wall(), svid.issued_at, svid.not_after, 0.0)) {
    Result<void> renewed = renew();
    if (renewed) {
      parts_.log.info("renewed our own certificate", {{"not_after", format_time(not_after())}});
    } else {
      parts_.log.error("our own certificate could not be renewed", {{"error", renewed.error()}});
    }
  }
  schedule();
}
}  // namespace heddle
