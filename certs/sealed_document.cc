#include "certs/sealed_document.h"

#include <openssl/cms.h>

#include "certs/openssl.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using LibraryPtr = std::unique_ptr<OSSL_LIB_CTX, OpensslDelete<OSSL_LIB_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDelete<EVP_CIPHER_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, OpensslDelete<CMS_ContentInfo_free>>;
constexpr unsigned kFlags = CMS_BINARY | CMS_PARTIAL;

Error failed() { return make_error(Reason::kInternal, str_cat("cannot seal the document: ", openssl_error())); }
Error bad(std::string_view why) {
  ERR_clear_error();
  return make_error(Reason::kConfigInvalid, std::string(why));
}

BioPtr reader(std::string_view bytes) { return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }
std::string_view written(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}
unsigned char* as_password(std::string_view passphrase) {
  // CMS does not change it; the type is that of a call that may.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(passphrase.data()));
}
}  // namespace

Result<std::string> seal_document(std::string_view document, std::string_view passphrase, int rounds) {
  LibraryPtr library(OSSL_LIB_CTX_new());
  CipherPtr content(EVP_CIPHER_fetch(library.get(), "AES-256-GCM", nullptr));
  CipherPtr wrap(EVP_CIPHER_fetch(library.get(), "AES-256-CBC", nullptr));
  if (content == nullptr || wrap == nullptr) return failed();
  CmsPtr cms(CMS_encrypt_ex(nullptr, nullptr, content.get(), kFlags, library.get(), nullptr));
  if (cms == nullptr) return failed();
  void* owned = OPENSSL_memdup(passphrase.data(), passphrase.size());
  auto size = static_cast<ossl_ssize_t>(passphrase.size());
  if (CMS_add0_recipient_password(cms.get(), rounds, NID_undef, NID_undef, static_cast<unsigned char*>(owned), size,
                                  wrap.get()) == nullptr) {
    OPENSSL_clear_free(owned, passphrase.size());
    return failed();
  }
  BioPtr in = reader(document);
  BioPtr out(BIO_new(BIO_s_mem()));
  if (CMS_final(cms.get(), in.get(), nullptr, kFlags) != 1 || i2d_CMS_bio(out.get(), cms.get()) != 1) return failed();
  return std::string(written(out.get()));
}

Result<Secret> open_document(std::string_view sealed, std::string_view passphrase) {
  LibraryPtr library(OSSL_LIB_CTX_new());
  CMS_ContentInfo* fresh = CMS_ContentInfo_new_ex(library.get(), nullptr);
  BioPtr in = reader(sealed);
  CmsPtr cms(d2i_CMS_bio(in.get(), &fresh));  // the same object, or null
  if (cms == nullptr) CMS_ContentInfo_free(fresh);
  if (cms == nullptr) return bad("not a sealed document");
  auto size = static_cast<ossl_ssize_t>(passphrase.size());
  BioPtr out(BIO_new(BIO_s_mem()));
  if (CMS_decrypt_set1_password(cms.get(), as_password(passphrase), size) != 1 ||
      CMS_decrypt(cms.get(), nullptr, nullptr, nullptr, out.get(), CMS_BINARY) != 1) {
    return bad("the passphrase does not open the document, or it is damaged");
  }
  Secret plain(written(out.get()));
  OPENSSL_cleanse(const_cast<char*>(written(out.get()).data()), written(out.get()).size());
  return plain;
}
}  // namespace heddle
