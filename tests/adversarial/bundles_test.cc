// Trust bundles (data/bundles.cases): JWK sets and bundle maps as a server we do not trust would send them, read over a
// bundle that is in use. What is refused changes nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "certs/jwks.h"
#include "certs/pem.h"
#include "lib/base/strings.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/test_ca.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kDomain = "td.test";

// The certificates that bundles are made of, by name; made once.
class Wardrobe {
 public:
  Wardrobe() {
    for (const char* root : {"OLD", "A", "B", "C"}) add(root, TestCa(kDomain).chain().front());
    TestCa ca(kDomain);
    add("LEAF", ca.issue("spiffe://td.test/a").chain.front());
    add("RSA", signed_by(ca, "RSA", 2048));
    add("RSA1024", signed_by(ca, "RSA", 1024));
    CertSpec no_sign = CertSpec::authority("no sign");
    no_sign.key_usage = "critical,digitalSignature";
    add("NOSIGN", ca.issue(no_sign).chain.front());
    CertSpec foreign = CertSpec::authority("foreign");
    foreign.uris = {"spiffe://other.test"};
    add("FOREIGN", ca.issue(foreign).chain.front());
  }
  const std::string& der(std::string_view name) const { return der_.find(name)->second; }
  bool has(std::string_view name) const { return der_.contains(name); }
  std::string name_of(const X509* certificate) const {
    std::string sought = to_der(certificate, i2d_X509);
    for (const auto& [name, der] : der_) {
      if (der == sought) return name;
    }
    return "?";
  }

 private:
  void add(const char* name, const X509Shared& certificate) { der_[name] = to_der(certificate.get(), i2d_X509); }
  static X509Shared signed_by(const TestCa& ca, const char* kind, size_t bits) {
    KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, kind, bits));
    CertSpec spec = CertSpec::authority(kind);
    spec.raw_key = key.get();
    return ca.issue(spec).chain.front();
  }
  std::map<std::string, std::string, std::less<>> der_;
};
const Wardrobe& wardrobe() {
  static const Wardrobe all;
  return all;
}

// $(A): the certificate in base64; $(KEY:A): a good entry with it.
std::vector<std::string> texts_named(std::string_view name) {
  bool whole = name.starts_with("KEY:");
  if (whole) name.remove_prefix(4);
  if (!wardrobe().has(name)) return {};
  std::string base64 = to_base64(as_bytes(wardrobe().der(name)));
  if (!whole) return {base64};
  return {str_cat(R"({"kty":"EC","use":"x509-svid","x5c":[")", base64, "\"]}")};
}

TrustBundle in_use() {
  TrustBundle bundle;
  TrustDomain domain = *TrustDomain::parse(kDomain);
  X509Shared old = *parse_certificate(wardrobe().der("OLD"));
  bundle.replace(*DomainRoots::create(domain, {old}, {5, 300s}));
  return bundle;
}

// "A,B", or "none", or "unknown" for a domain nobody knows.
std::string roots_of(const TrustBundle& bundle, std::string_view domain) {
  const DomainRoots* roots = bundle.find(domain);
  if (roots == nullptr) return "unknown";
  std::string out;
  for (const X509Shared& root : roots->certificates()) {
    out += str_cat(out.empty() ? "" : ",", wardrobe().name_of(root.get()));
  }
  return out.empty() ? "none" : out;
}

class Bundles : public testing::TestWithParam<Case> {
 protected:
  // Reads the document and, as who refreshes a bundle does, takes it over only when it is good.
  Result<void> refresh(std::string_view verb, const std::string& json) {
    if (verb == "jwks") {
      HEDDLE_TRY(auto roots, parse_jwks(*TrustDomain::parse(kDomain), json));
      return bundle_.update(std::move(roots));
    }
    HEDDLE_TRY(auto fetched, parse_bundle_map(json));
    for (const TrustDomain& domain : fetched.domains()) {
      auto roots = DomainRoots::create(domain, fetched.find(domain)->certificates(), fetched.find(domain)->notes());
      HEDDLE_CHECK_OK(bundle_.update(*roots));
    }
    return {};
  }
  void check_taken(const std::string& json) {
    EXPECT_EQ(expected_.first(), "taken") << json.substr(0, 300);
    for (const std::string& wanted : expected_.all("roots")) {
      size_t colon = wanted.find(':');
      bool named = colon != wanted.npos;
      EXPECT_EQ(roots_of(bundle_, named ? wanted.substr(0, colon) : std::string(kDomain)),
                named ? wanted.substr(colon + 1) : wanted);
    }
    const DomainRoots::Notes& notes = bundle_.find(kDomain)->notes();
    std::string hint = std::to_string(notes.refresh_hint / 1s);
    EXPECT_EQ(hint, expected_.get("hint", hint));
    std::string sequence = notes.sequence ? std::to_string(*notes.sequence) : "none";
    EXPECT_EQ(sequence, expected_.get("sequence", sequence));
  }
  void check_refused(const Error& why, const std::string& json) {
    EXPECT_EQ(expected_.first(), "refused") << json.substr(0, 300) << "\n" << why.detail;
    EXPECT_EQ(unsaid(expected_, why.detail), "");
    EXPECT_EQ(roots_of(bundle_, kDomain), "OLD") << "a refused document changed the bundle";
    EXPECT_EQ(bundle_.domains().size(), 1U) << "a refused document added a domain";
    EXPECT_LT(why.detail.size(), 2000U) << "the message holds the input";
  }

  Expected expected_{GetParam()};
  TrustBundle bundle_;
};

TEST_P(Bundles, AreTakenWholeOrNotAtAll) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (trust bundles)"));
  size_t space = GetParam().input.find(' ');

  for (const std::string& json : documents_of(GetParam().input.substr(space + 1), texts_named)) {
    bundle_ = in_use();
    Result<void> taken = bounded(json.size(), [&] { return refresh(GetParam().input.substr(0, space), json); });
    if (taken) {
      check_taken(json);
    } else {
      check_refused(taken.error(), json);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Bundles, testing::ValuesIn(load_cases("bundles.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
