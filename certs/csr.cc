#include "certs/csr.h"

#include "certs/limits.h"
#include "certs/pem.h"
#include "certs/subject_names.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string_view detail) {
  ERR_clear_error();
  return make_error(Reason::kBadRequest, str_cat("certificate request: ", detail));
}

Error broken() { return make_error(Reason::kInternal, str_cat("cannot make a request: ", openssl_error())); }

Result<SpiffeId> requested_id(X509_REQ* request) {
  ExtensionsPtr extensions(X509_REQ_get_extensions(request));
  if (extensions == nullptr) return bad("no subjectAltName is asked for");
  auto names = subject_names(extensions.get());
  if (!names) return bad(names.error().detail);
  auto id = only_spiffe_id(*names);
  if (!id) return bad(id.error().detail);
  if (id->path().empty()) return bad("the SPIFFE id of a workload needs a path");
  return id;
}

Result<void> add_name(X509_REQ* request, const SpiffeId& id) {
  SubjectNames names;
  names.uris.push_back(id.text());
  names.critical = true;  // the subject is empty
  HEDDLE_TRY(auto extension, to_extension(names));
  ExtensionsPtr extensions(sk_X509_EXTENSION_new_null());
  if (extensions == nullptr || sk_X509_EXTENSION_push(extensions.get(), extension.get()) <= 0) return broken();
  static_cast<void>(extension.release());  // the stack owns it now
  if (X509_REQ_add_extensions(request, extensions.get()) != 1) return broken();
  return {};
}
}  // namespace

Result<Csr> Csr::create(const PrivateKey& key, const SpiffeId& id) {
  X509ReqPtr request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), 0) != 1) return broken();
  if (X509_REQ_set_pubkey(request.get(), key.raw()) != 1) return broken();
  HEDDLE_CHECK_OK(add_name(request.get(), id));
  if (X509_REQ_sign(request.get(), key.raw(), key.digest()) <= 0) return broken();
  return Csr(std::move(request), id);
}

Result<Csr> Csr::parse_der(std::string_view der) {
  if (der.size() > kMaxCsr) return make_error(Reason::kTooLarge, "certificate request: larger than 16 KiB");
  auto request = from_der<X509ReqPtr>(der, d2i_X509_REQ);
  if (request == nullptr) return bad("not one whole PKCS#10 request");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  auto allowed = check_key_allowed(key);
  if (!allowed) return bad(allowed.error().detail);
  if (X509_REQ_verify(request.get(), key) != 1) return bad("its signature does not prove possession of the key");
  HEDDLE_TRY(auto id, requested_id(request.get()));
  return Csr(std::move(request), id);
}

Result<Csr> Csr::parse_pem(std::string_view pem) {
  auto blocks = heddle::parse_pem(pem, kPemRequest, {kMaxCsr, 1});
  if (!blocks) {
    Reason reason = blocks.error().reason == Reason::kTooLarge ? Reason::kTooLarge : Reason::kBadRequest;
    return make_error(reason, str_cat("certificate request: ", blocks.error().detail));
  }
  return parse_der(blocks->front().view());
}

std::string Csr::public_key_der() const { return heddle::to_der(public_key(), i2d_PUBKEY); }

std::string Csr::to_der() const { return heddle::to_der(request_.get(), i2d_X509_REQ); }
std::string Csr::to_pem() const { return heddle::to_pem(to_der(), kPemRequest); }
}  // namespace heddle
