#include "control/app/bundle_certificate.h"

#include <array>

#include "certs/limits.h"
#include "control/ca/flag_files.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kCertFlag = "--bundle-cert-file";
constexpr std::string_view kKeyFlag = "--bundle-key-file";

std::string stamp(const BundleCertificateFiles& files) { return stamp_of(std::array{files.certificates, files.key}); }
}  // namespace

Result<WebCertificate> load_bundle_certificate(const BundleCertificateFiles& files, WallTime now) {
  const FlagFile cert_file{kCertFlag, files.certificates};
  const FlagFile key_file{kKeyFlag, files.key};
  HEDDLE_TRY(std::string chain, read_flag_file(cert_file, kMaxChainPem));
  HEDDLE_TRY(Secret text, read_flag_key(key_file, "a private key"));
  auto key = PrivateKey::from_pem(text.view());
  if (!key) return of_file(key_file, std::move(key).error());
  auto certificate = WebCertificate::from_pem(chain, *std::move(key));
  if (!certificate) return of_file(cert_file, std::move(certificate).error());
  Result<void> in_time = certificate->check_time(now);
  if (!in_time) return of_file(cert_file, std::move(in_time).error());
  return certificate;
}

BundleCertificate::BundleCertificate(Access, Parts parts) : parts_(std::move(parts)), offload_(parts_.loop) {
  timer_ = parts_.loop.timer([this] { turn(); });
  look_again_ = parts_.loop.now() + kLookAgain;
}

Result<std::unique_ptr<BundleCertificate>> BundleCertificate::create(Parts parts) {
  auto made = std::make_unique<BundleCertificate>(Access(), std::move(parts));
  if (!made->is_web()) return made;
  made->stamp_ = stamp(made->parts_.files);  // before reading: what is replaced in between is seen again
  HEDDLE_TRY(WebCertificate first, load_bundle_certificate(made->parts_.files, made->parts_.loop.wall()));
  HEDDLE_CHECK_OK(made->take(std::move(first)));
  made->timer_->arm(kEvery);
  return made;
}

void BundleCertificate::reload() {
  if (!is_web()) return;
  stamp_.clear();
  again_ = working_;
  look();
}

void BundleCertificate::turn() {
  timer_->arm(kEvery);
  look();
}

void BundleCertificate::look() {
  if (std::exchange(working_, true)) return;
  bool anyway = !refused_.empty() && parts_.loop.now() >= look_again_;
  if (anyway) look_again_ = parts_.loop.now() + kLookAgain;
  work_ = offload_.compute(
      [files = parts_.files, known = anyway ? std::string() : stamp_, now = parts_.loop.wall()] {
        Seen seen{stamp(files), std::nullopt};
        if (seen.stamp != known) seen.loaded = load_bundle_certificate(files, now);
        return seen;
      },
      [this](Seen seen) { on_seen(std::move(seen)); });
}

void BundleCertificate::on_seen(Seen seen) {
  working_ = false;
  bool look_once_more = std::exchange(again_, false);
  if (seen.loaded) {
    stamp_ = look_once_more ? std::string() : std::move(seen.stamp);
    Result<void> taken = *seen.loaded ? take(**std::move(seen.loaded)) : std::move(*seen.loaded).error();
    if (!taken) refuse(taken.error());
  }
  if (look_once_more) look();
}

Result<void> BundleCertificate::take(WebCertificate certificate) {
  TlsContext::Options options{TlsRole::kServer, PeerCertificatePolicy::kNone, {}};
  options.alpn = {std::string(alpn::kHttp2), std::string(alpn::kHttp1)};
  WallTime ends = certificate.not_after;
  TlsMaterial material{nullptr, std::make_shared<const TrustBundle>(),
                       std::make_shared<const WebCertificate>(std::move(certificate))};
  HEDDLE_TRY(web_, TlsContext::create(material, std::move(options)));
  not_after_ = ends;
  refused_.clear();
  parts_.log.info("the certificate of the bundle endpoint is in use",
                  {{"names", join(material.web->names.dns, ", ")}, {"not_after", format_time(not_after_)}});
  return {};
}

// Files are often replaced one after the other: a set that does not fit is told once.
void BundleCertificate::refuse(const Error& why) {
  std::string text = why.text();
  if (text == std::exchange(refused_, text)) return;
  parts_.log.error("the bundle endpoint's new certificate is refused, the old one stays", {{"error", text}});
}
}  // namespace heddle
