#include "certs/csr.h"

#include <gtest/gtest.h>

#include "certs/pem.h"
#include "certs/subject_names.h"

namespace heddle {
namespace {
SpiffeId some_id() { return *SpiffeId::parse("spiffe://td.test/ns/a/sa/b"); }

std::string some_request() { return Csr::create(**PrivateKey::generate(), some_id())->to_der(); }

// A request with these URIs, signed by `signer` for the public key of `key`.
std::string request_with(std::vector<std::string> uris, EVP_PKEY* key, EVP_PKEY* signer) {
  SubjectNames names;
  names.uris = std::move(uris);
  ExtensionsPtr extensions(sk_X509_EXTENSION_new_null());
  if (!names.uris.empty()) sk_X509_EXTENSION_push(extensions.get(), to_extension(names)->release());
  ExtensionPtr ca(X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
  sk_X509_EXTENSION_push(extensions.get(), ca.release());
  X509ReqPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), key);
  X509_REQ_add_extensions(request.get(), extensions.get());
  bool no_digest = EVP_PKEY_is_a(signer, "ED25519") == 1;
  X509_REQ_sign(request.get(), signer, no_digest ? nullptr : EVP_sha256());
  return to_der(request.get(), i2d_X509_REQ);
}

std::string refusal(std::string_view der) {
  auto request = Csr::parse_der(der);
  return request ? "accepted" : request.error().detail;
}

testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << " lacks " << part;
}
}  // namespace

TEST(Csr, SurvivesDerAndPem) {
  auto key = *PrivateKey::generate();
  auto made = *Csr::create(*key, some_id());

  auto from_der = Csr::parse_der(made.to_der());
  auto from_pem = Csr::parse_pem(made.to_pem());

  ASSERT_TRUE(from_der) << from_der.error().detail;
  ASSERT_TRUE(from_pem) << from_pem.error().detail;
  EXPECT_EQ(from_der->id(), some_id());
  EXPECT_EQ(from_pem->to_der(), made.to_der());
  EXPECT_EQ(EVP_PKEY_eq(from_der->public_key(), key->raw()), 1);
}

TEST(Csr, RefusesDerCutAtEveryByte) {
  std::string der = some_request();
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Csr::parse_der(std::string_view(der).substr(0, size))) << size;
  }
}

TEST(Csr, RefusesDerWithAnyByteChanged) {
  std::string der = some_request();
  for (size_t at = 0; at < der.size(); ++at) {
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 1);

    EXPECT_FALSE(Csr::parse_der(changed)) << at;
  }
}

TEST(Csr, RefusesTrailingBytes) {
  EXPECT_TRUE(contains(refusal(some_request() + '\0'), "not one whole"));
  std::string pem = to_pem(some_request(), kPemRequest);
  EXPECT_FALSE(Csr::parse_pem(pem + "x"));
  EXPECT_FALSE(Csr::parse_pem(pem + pem));
  EXPECT_TRUE(Csr::parse_pem(pem + "\n \r\n"));
}

TEST(Csr, RefusesMoreThan16KiB) {
  std::string big(16 * 1024 + 1, 'a');

  EXPECT_EQ(Csr::parse_der(big).error().reason, Reason::kTooLarge);
  EXPECT_EQ(Csr::parse_pem(big).error().reason, Reason::kTooLarge);
}

TEST(Csr, RefusesARequestWithoutProofOfPossession) {
  auto key = *PrivateKey::generate();
  auto other = *PrivateKey::generate();

  auto request = Csr::parse_der(request_with({some_id().text()}, key->raw(), other->raw()));

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().reason, Reason::kBadRequest);
  EXPECT_TRUE(contains(request.error().detail, "possession"));
}

TEST(Csr, RequiresExactlyOneSpiffeIdWithAPath) {
  auto key = *PrivateKey::generate();
  auto with = [&](std::vector<std::string> uris) {
    return refusal(request_with(std::move(uris), key->raw(), key->raw()));
  };

  EXPECT_TRUE(contains(with({}), "exactly one URI"));
  EXPECT_TRUE(contains(with({"spiffe://td/a", "spiffe://td/b"}), "exactly one URI"));
  EXPECT_TRUE(contains(with({"spiffe://td"}), "needs a path"));
  EXPECT_TRUE(contains(with({"https://td/a"}), "must begin with"));
  EXPECT_TRUE(contains(with({std::string("spiffe://td/a\0b", 15)}), "path character"));
  EXPECT_EQ(with({"spiffe://td/a"}), "accepted");
}

TEST(Csr, AllowsOnlyKeysOfTheList) {
  auto make = [](const char* kind, auto... parameter) {
    KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, kind, parameter...));
    return refusal(request_with({"spiffe://td/a"}, key.get(), key.get()));
  };

  EXPECT_EQ(make("EC", "P-256"), "accepted");
  EXPECT_EQ(make("EC", "P-384"), "accepted");
  EXPECT_EQ(make("RSA", size_t{2048}), "accepted");
  EXPECT_TRUE(contains(make("RSA", size_t{1024}), "1024 bits"));
  EXPECT_TRUE(contains(make("EC", "P-224"), "curve"));
  EXPECT_TRUE(contains(make("EC", "P-521"), "curve"));
  EXPECT_TRUE(contains(make("ED25519"), "allowed are EC and RSA"));
}

TEST(Csr, RefusesGarbage) {
  for (std::string_view der : {std::string_view(), std::string_view("x"), std::string_view("0\x80\0\0", 4),
                               std::string_view("\x30\x84\xff\xff\xff\xff", 6)}) {
    EXPECT_FALSE(Csr::parse_der(der));
  }
  for (const char* pem : {"", "x", "-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN CERTIFICATE-----\n"}) {
    EXPECT_EQ(Csr::parse_pem(pem).error().reason, Reason::kBadRequest) << pem;
  }
}
}  // namespace heddle
