#include "certs/web_pki.h"

#include <openssl/pem.h>

#include "certs/limits.h"
#include "certs/private_key.h"
#include "lib/base/address.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct BorrowedDelete {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using BorrowedStack = std::unique_ptr<STACK_OF(X509), BorrowedDelete>;

Error invalid(std::string detail) { return make_error(Reason::kPeerCertificateInvalid, std::move(detail)); }
Error bad_file(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

// A key that cannot be decoded is null, and refused like any other that nobody may use.
Result<void> check_key(const X509* certificate, int index) {
  auto allowed = check_key_allowed(X509_get0_pubkey(certificate));
  ERR_clear_error();
  if (allowed) return {};
  return invalid(str_cat("certificate ", std::to_string(index), ": ", allowed.error().detail));
}

// Before any signature is checked: what bounds the work.
Result<void> check_shown(const CertChain& chain) {
  if (chain.empty()) return make_error(Reason::kPeerCertificateMissing, "the server showed no certificate");
  if (chain.size() > kMaxWebChain) {
    return invalid(str_cat("the server showed ", std::to_string(chain.size()), " certificates, the limit is 10"));
  }
  size_t bytes = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    bytes += to_der(chain[i].get(), i2d_X509).size();
    if (bytes > kMaxChainPem) return invalid("the server's certificates exceed 32 KiB");
    HEDDLE_CHECK_OK(check_key(chain[i].get(), static_cast<int>(i)));
  }
  return {};
}

bool expect_host(X509_VERIFY_PARAM* parameters, const std::string& host) {
  if (Address::from_ip(host, 0)) return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) == 1;
}

Result<StoreContextPtr> make_context(const CertChain& chain, STACK_OF(X509) * shown, const WebServer& server,
                                     WallTime now) {
  constexpr int kSecurityLevel = 2;  // 112 bits: no SHA-1, no RSA below 2048
  StoreContextPtr context(X509_STORE_CTX_new());
  bool is_set =
      context != nullptr && X509_STORE_CTX_init(context.get(), server.roots->store(), chain.front().get(), shown) == 1;
  X509_VERIFY_PARAM* parameters = is_set ? X509_STORE_CTX_get0_param(context.get()) : nullptr;
  is_set = is_set && X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER) == 1 &&
           expect_host(parameters, server.host);
  if (!is_set) return make_error(Reason::kInternal, openssl_error());
  X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(kMaxWebChain) - 2);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  auto seconds = std::chrono::floor<std::chrono::seconds>(now.since_epoch()).count();
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(seconds));
  return context;
}
}  // namespace

Result<WebRoots::Ptr> WebRoots::parse(std::string_view pem) {
  if (pem.size() > kMaxCaFile) return make_error(Reason::kTooLarge, "the CA file has more than 4 MiB");
  auto roots = std::shared_ptr<WebRoots>(new WebRoots());  // lint: new private constructor
  roots->store_.reset(X509_STORE_new());
  BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (roots->store_ == nullptr || in == nullptr) return make_error(Reason::kInternal, openssl_error());
  while (X509Ptr certificate{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    if (++roots->size_ > kMaxCaFileCertificates) return bad_file("the CA file has more than 2,000 certificates");
    if (X509_STORE_add_cert(roots->store_.get(), certificate.get()) != 1) return bad_file(openssl_error());
  }
  bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string why = openssl_error();
  if (!is_at_end) {
    return bad_file(str_cat("certificate ", std::to_string(roots->size_ + 1), " of the CA file cannot be read: ", why));
  }
  if (roots->size_ == 0) return bad_file("the CA file has no certificate");
  return Ptr(std::move(roots));
}

Result<void> verify_web_server(const CertChain& chain, const WebServer& server, WallTime now, int* x509_error) {
  HEDDLE_CHECK_OK(check_shown(chain));
  BorrowedStack shown(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(shown.get(), chain[i].get());
  HEDDLE_TRY(StoreContextPtr context, make_context(chain, shown.get(), server, now));
  bool is_verified = X509_verify_cert(context.get()) == 1;
  int code = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!is_verified) {
    if (x509_error != nullptr) *x509_error = code;
    return invalid(str_cat("certificate of ", in_quotes(server.host), ": ", X509_verify_cert_error_string(code),
                           " (certificate ", std::to_string(X509_STORE_CTX_get_error_depth(context.get())), ")"));
  }
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) HEDDLE_CHECK_OK(check_key(sk_X509_value(path, i), i));
  return {};
}
}  // namespace heddle
