#include "certs/narrow_openssl.h"

#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "certs/openssl.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr char kProvider[] = "heddle";
using Algorithms = std::vector<OSSL_ALGORITHM>;
using Names = std::span<const std::string_view>;

// TLS 1.3's cipher suites and their hashes; SHA-1 only as OpenSSL's name of a certificate in memory.
constexpr std::string_view kDigests[] = {"SHA2-256", "SHA2-384", "SHA2-512", "SHA1"};
constexpr std::string_view kCiphers[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
constexpr std::string_view kMacs[] = {"HMAC"};
// TLS 1.2 is for the bundle endpoint alone, which strangers ask (lib/tls/tls_context.h, kNone).
constexpr std::string_view kKdfs[] = {"HKDF", "TLS13-KDF", "TLS1-PRF"};
constexpr std::string_view kRandom[] = {"CTR-DRBG", "SEED-SRC"};
// Without "RSA-PSS" OpenSSL offers no signature scheme that a key of RSA can make in TLS 1.3 (RFC 8446 §4.2.3).
constexpr std::string_view kKeys[] = {"EC", "ED25519", "RSA", "RSA-PSS", "X25519"};
constexpr std::string_view kExchanges[] = {"ECDH", "X25519"};
constexpr std::string_view kSignatures[] = {"ECDSA", "ED25519", "RSA"};
// "DER" finds out which type a public key is.
constexpr std::string_view kKeyForms[] = {"DER", "EC", "ED25519", "RSA"};
// How certificates hold public keys, and PKCS#8.
constexpr std::string_view kStructures[] = {"structure=SubjectPublicKeyInfo", "structure=PrivateKeyInfo"};

struct Needed {
  int operation;
  Names names;
  Names structures;  // empty: of no matter
};
constexpr Needed kNeeded[] = {{OSSL_OP_DIGEST, kDigests, {}},
                              {OSSL_OP_CIPHER, kCiphers, {}},
                              {OSSL_OP_MAC, kMacs, {}},
                              {OSSL_OP_KDF, kKdfs, {}},
                              {OSSL_OP_RAND, kRandom, {}},
                              {OSSL_OP_KEYMGMT, kKeys, {}},
                              {OSSL_OP_KEYEXCH, kExchanges, {}},
                              {OSSL_OP_SIGNATURE, kSignatures, {}},
                              {OSSL_OP_ENCODER, kKeyForms, kStructures},
                              {OSSL_OP_DECODER, kKeyForms, kStructures}};

// The default provider lives in a library context of its own; ours passes its algorithms on.
struct Narrowed {
  OSSL_PROVIDER* whole = nullptr;
  OSSL_LIB_CTX* for_handshakes = nullptr;
  std::vector<OSSL_PROVIDER*>
      loaded;  // OpenSSL forgets them at exit before they are free: not lost while they are here
  std::array<Algorithms, std::size(kNeeded)> algorithms;
};

// lint: global OpenSSL calls query() with the default provider's context, which has no place for ours
Narrowed* narrowed = nullptr;

// Names are alternatives with colons between them; the first is the common one. Properties end with the structure.
bool is_needed(const Needed& needed, const OSSL_ALGORITHM& algorithm) {
  std::string_view names(algorithm.algorithm_names);
  std::string_view properties(algorithm.property_definition);
  bool has_name = std::ranges::find(needed.names, names.substr(0, names.find(':'))) != needed.names.end();
  auto ends_it = [&](std::string_view structure) { return properties.ends_with(structure); };
  return has_name && (needed.structures.empty() || std::ranges::any_of(needed.structures, ends_it));
}

Algorithms select(OSSL_PROVIDER* whole, const Needed& needed) {
  int no_cache = 0;
  const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(whole, needed.operation, &no_cache);
  Algorithms out;
  for (; all != nullptr && all->algorithm_names != nullptr; ++all) {
    if (is_needed(needed, *all)) out.push_back(*all);
  }
  out.push_back({});  // the end
  return out;
}

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  *no_cache = 0;
  for (size_t i = 0; i < std::size(kNeeded); ++i) {
    if (kNeeded[i].operation == operation) return narrowed->algorithms[i].data();
  }
  return nullptr;
}

const OSSL_ALGORITHM* query_for_handshakes(void* context, int operation, int* no_cache) {
  bool is_key_form = operation == OSSL_OP_ENCODER || operation == OSSL_OP_DECODER;
  return is_key_form ? nullptr : query(context, operation, no_cache);
}

int capabilities(void*, const char* capability, OSSL_CALLBACK* call, void* arg) {
  return OSSL_PROVIDER_get_capabilities(narrowed->whole, capability, call, arg);
}

void teardown(void*) {}  // what it passes on belongs to the other context, which stays

template <class F>
OSSL_DISPATCH entry(int id, F* function) {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}

using Query = const OSSL_ALGORITHM*(void*, int, int*);

template <Query& kQuery>
int start(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH kFunctions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, kQuery),
                                             entry(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, capabilities),
                                             entry(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
                                             {0, nullptr}};
  *out = kFunctions;
  *context = OSSL_PROVIDER_get0_provider_ctx(narrowed->whole);
  return 1;
}

template <Query& kQuery>
bool load_into(OSSL_LIB_CTX* library) {
  if (OSSL_PROVIDER_add_builtin(library, kProvider, start<kQuery>) != 1) return false;
  narrowed->loaded.push_back(OSSL_PROVIDER_load(library, kProvider));
  return narrowed->loaded.back() != nullptr;
}

Error failure(std::string_view what) {
  return make_error(Reason::kInternal, str_cat("OpenSSL: ", what, ": ", openssl_error()));
}
}  // namespace

Result<void> narrow_openssl() {
  if (narrowed != nullptr) return {};
  OSSL_LIB_CTX* apart = OSSL_LIB_CTX_new();
  auto made = std::make_unique<Narrowed>();
  made->whole = apart == nullptr ? nullptr : OSSL_PROVIDER_load(apart, "default");
  if (made->whole == nullptr) return failure("the default provider cannot be loaded");
  for (size_t i = 0; i < std::size(kNeeded); ++i) made->algorithms[i] = select(made->whole, kNeeded[i]);
  made->for_handshakes = OSSL_LIB_CTX_new();
  if (made->for_handshakes == nullptr) return failure("no library context for handshakes");
  narrowed = made.release();  // as long as the process, like OpenSSL's own state
  bool is_loaded = load_into<query>(nullptr) && load_into<query_for_handshakes>(narrowed->for_handshakes);
  if (!is_loaded) return failure("the narrowed provider cannot be loaded");
  return {};
}

OSSL_LIB_CTX* handshake_library() noexcept { return narrowed == nullptr ? nullptr : narrowed->for_handshakes; }
}  // namespace heddle
