#include "certs/digest.h"

#include <openssl/evp.h>

namespace heddle {
struct Sha256::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> evp{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  HEDDLE_CHECK(context_->evp != nullptr);
  HEDDLE_CHECK(EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(Bytes bytes) {
  HEDDLE_CHECK(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  Sha256Digest out{};
  unsigned length = 0;
  HEDDLE_CHECK(EVP_DigestFinal_ex(context_->evp.get(), reinterpret_cast<unsigned char*>(out.data()), &length) == 1);
  HEDDLE_CHECK(length == out.size());
  return out;
}

Sha256Digest sha256(Bytes bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}
}  // namespace heddle
