// SPIFFE ids (data/ids.cases) at every door by which one comes in: the parser, the names of a certificate, a resource;
// trust domains, paths, and the patterns over ids that policies are written in.
#include <gtest/gtest.h>

#include "certs/authorizer.h"
#include "certs/verify.h"
#include "lib/base/strings.h"
#include "lib/config/identity_pattern.h"
#include "lib/config/parse.h"
#include "lib/policy/identity_match.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/test_ca.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kPathChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
constexpr std::string_view kDomainChars = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

std::vector<std::string> each_of(std::string_view chars) {
  std::vector<std::string> out;
  for (char c : chars) out.emplace_back(1, c);
  return out;
}
// Every other byte, and every other code point below 256 in UTF-8; not the slash, which is no character of a part.
std::vector<std::string> each_but(std::string_view chars) {
  std::vector<std::string> out;
  for (int i = 0; i < 256; ++i) {
    char c = static_cast<char>(i);
    if (c == '/' || chars.find(c) != chars.npos) continue;
    out.emplace_back(1, c);
    if (i >= 128) out.push_back({static_cast<char>(0xc0 | (i >> 6)), static_cast<char>(0x80 | (i & 0x3f))});
  }
  return out;
}
std::vector<std::string> chars_named(std::string_view name) {
  if (name == "path-char") return each_of(kPathChars);
  if (name == "other-path-char") return each_but(kPathChars);
  if (name == "domain-char") return each_of(kDomainChars);
  if (name == "other-domain-char") return each_but(kDomainChars);
  return {};
}

// As JSON wants it; what is not UTF-8 stays so.
std::string in_json(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte >= 0x20) {
      out += c;
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += str_cat("\\u00", std::string(1, kHex[byte >> 4]), std::string(1, kHex[byte & 15]));
    }
  }
  return out;
}

// The id that a certificate with this URI name has.
std::optional<SpiffeId> id_in_certificate(const std::string& uri) {
  static const TestCa ca("td.test");
  static const auto key = *PrivateKey::generate();
  CertSpec spec = CertSpec::leaf(uri);
  spec.key = key;
  auto parsed = PeerCertificate::from_x509(ca.issue(spec).chain.front().get());
  return parsed && !broken_leaf_rule(*parsed) ? parsed->spiffe_id() : std::nullopt;
}

std::optional<SpiffeId> id_in_resource(std::string_view text) {
  auto document = JsonValue::parse(
      str_cat(R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"x"},"spec":{"identity":")",
              in_json(text), R"(","endpoints":[{"address":"10.0.0.1","port":80}]}})"));
  Problems problems;
  auto envelope = document ? read_envelope(*document, {}, problems) : std::nullopt;
  auto spec = envelope ? parse_spec(*envelope, problems) : std::nullopt;
  if (!spec) return std::nullopt;
  return std::get<std::shared_ptr<const BackendSetSpec>>(*spec)->endpoints.front().key.identity;
}

class Ids : public testing::TestWithParam<Case> {
 protected:
  void play(std::string_view verb, const std::string& text) {
    SCOPED_TRACE(heddle::in_quotes(std::string_view(text).substr(0, 300)));
    if (verb == "id") return check_id(text);
    if (verb == "domain") return check_valid(TrustDomain::parse(text));
    std::vector<std::string_view> words = split(text, ' ');
    if (verb == "path") return check_valid(SpiffeId::from_path(*TrustDomain::parse(words[0]), words[1]));
    if (verb == "pattern") return check_valid(check_identity_pattern(text));
    if (verb == "match") return check_matches(words);
    FAIL() << "unknown verb " << verb;
  }
  template <class T>
  void check_valid(const Result<T>& result) {
    if (result) {
      EXPECT_EQ(expected_.first(), "valid") << "it was accepted";
    } else {
      EXPECT_EQ(expected_.first(), "invalid") << result.error().detail;
      EXPECT_EQ(unsaid(expected_, result.error().detail), "");
    }
  }
  // The three doors agree; the two for workloads want a path besides.
  void check_id(const std::string& text) {
    Result<SpiffeId> id = bounded(text.size(), [&] { return SpiffeId::parse(text); });
    check_valid(id);
    bool names_a_workload = expected_.first() == "valid" && !expected_.has("no-path");
    for (const auto& seen : {id_in_certificate(text), id_in_resource(text)}) {
      EXPECT_EQ(seen.has_value(), names_a_workload);
      EXPECT_TRUE(!seen || seen->text() == text) << seen->text();
    }
    if (!id) return;
    EXPECT_EQ(id->text(), text) << "it was changed";
    EXPECT_EQ(expected_.get("domain", id->trust_domain_name()), id->trust_domain_name());
    EXPECT_EQ(expected_.get("path", id->path()), id->path());
  }
  // PATTERN[,PATTERN] ID ID ...: an answer for each id. The list of one, of all, and the authorizer of exact ids agree.
  void check_matches(const std::vector<std::string_view>& words) {
    std::vector<std::string> patterns;
    for (std::string_view pattern : split(words[0], ',')) {
      if (pattern != "-") patterns.emplace_back(pattern);
    }
    std::string answers;
    for (size_t i = 1; i < words.size(); ++i) {
      Result<SpiffeId> id = SpiffeId::parse(words[i]);
      ASSERT_TRUE(id) << words[i];
      bool matches = matches_any_identity(patterns, *id);
      bool one_does = false;
      for (const std::string& pattern : patterns) one_does = one_does || matches_identity(pattern, *id);
      EXPECT_EQ(matches, one_does);
      answers += str_cat(answers.empty() ? "" : ",", matches ? "yes" : "no");
    }
    EXPECT_EQ(answers, expected_.first());
  }

  Expected expected_{GetParam()};
};

TEST_P(Ids, AreReadToTheLetter) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (SPIFFE ids)"));
  size_t space = GetParam().input.find(' ');

  for (const std::string& text : documents_of(GetParam().input.substr(space + 1), chars_named)) {
    play(GetParam().input.substr(0, space), text);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Ids, testing::ValuesIn(load_cases("ids.cases")), name_of);

TEST(IdsOfNobody, MatchNothing) {
  PeerCheck nobody = Authorizer::one_of({});
  auto leaf = PeerCertificate::from_x509(TestCa("td.test").issue("spiffe://td.test/a").chain.front().get());

  EXPECT_FALSE(nobody(*leaf));
}
}  // namespace
}  // namespace heddle::adversarial
