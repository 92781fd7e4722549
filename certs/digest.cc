#include "certs/digest.h"

#include <openssl/evp.h>

namespace heddle {
namespace {
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// EVP_sha256() would be looked up among the providers' at each use, under a lock; this is never given back.
const EVP_MD* algorithm() {
  static const EVP_MD* const kFetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  HEDDLE_CHECK(kFetched != nullptr);
  return kFetched;
}

void begin(EVP_MD_CTX* context) {
  HEDDLE_CHECK(context != nullptr);
  HEDDLE_CHECK(EVP_DigestInit_ex(context, algorithm(), nullptr) == 1);
}

Sha256Digest end(EVP_MD_CTX* context) {
  Sha256Digest out{};
  unsigned length = 0;
  HEDDLE_CHECK(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), &length) == 1);
  HEDDLE_CHECK(length == out.size());
  return out;
}
}  // namespace

struct Sha256::Context {
  ContextPtr evp{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { begin(context_->evp.get()); }

Sha256::~Sha256() = default;

void Sha256::update(Bytes bytes) {
  HEDDLE_CHECK(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() { return end(context_->evp.get()); }

Sha256Digest sha256(Bytes bytes) {
  ContextPtr context(EVP_MD_CTX_new());
  begin(context.get());
  HEDDLE_CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  return end(context.get());
}
}  // namespace heddle
