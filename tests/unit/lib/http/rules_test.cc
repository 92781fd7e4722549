#include "lib/http/rules.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
struct PathCase {
  std::string_view path;
  bool accepted;
};
class RulesPath : public testing::TestWithParam<PathCase> {};
TEST_P(RulesPath, IsJudgedAsWritten) {
  Result<void> verdict = check_path(GetParam().path);

  EXPECT_EQ(verdict.has_value(), GetParam().accepted) << GetParam().path;
}
INSTANTIATE_TEST_SUITE_P(
    Table, RulesPath,
    testing::Values(PathCase{"/", true}, PathCase{"/a/b?c=d", true}, PathCase{"//a///b", true},
                    PathCase{"/a%20b/%C3%A9", true}, PathCase{"/%252e%252e/admin", true}, PathCase{"/%61dmin", true},
                    PathCase{"/admin;x=y", true}, PathCase{"/.well-known/x", true}, PathCase{"/a...b/...", true},
                    PathCase{"/admin?x=/../", true}, PathCase{"/x?y=%2f%00%zz\\", true}, PathCase{"/a|b[1]", true},
                    PathCase{"", false}, PathCase{"a", false}, PathCase{"/a#b", false}, PathCase{"/?a#b", false},
                    PathCase{"/a\\b", false}, PathCase{"/a b", false}, PathCase{"/\xc3\xa9", false},
                    PathCase{std::string_view("/\0", 2), false}, PathCase{"/a\x7f", false},
                    PathCase{"/app/../admin", false}, PathCase{"/app/%2E./admin", false},
                    PathCase{"/app/%2e%2E/admin", false}, PathCase{"/app//../admin", false},
                    PathCase{"/..%3b/admin", false}, PathCase{"/%2e%3Bc", false}, PathCase{"/.a%3b", true},
                    PathCase{"/a/.", false}, PathCase{"/a/..", false}, PathCase{"/./a", false},
                    PathCase{"/..;x=1/a", false}, PathCase{"/..?x", false}, PathCase{"/%2fadmin", false},
                    PathCase{"/app%5c..%5Cadmin", false}, PathCase{"/admin%0a", false}, PathCase{"/%00", false},
                    PathCase{"/%7f", false}, PathCase{"/%", false}, PathCase{"/%4", false}, PathCase{"/%zz", false}));

struct AuthorityCase {
  std::string_view text;
  bool accepted;
};
class RulesAuthority : public testing::TestWithParam<AuthorityCase> {};
TEST_P(RulesAuthority, IsHostAndPortOnly) { EXPECT_EQ(is_authority(GetParam().text), GetParam().accepted); }
INSTANTIATE_TEST_SUITE_P(
    Table, RulesAuthority,
    testing::Values(AuthorityCase{"a", true}, AuthorityCase{"A.b-c_d.:8080", true}, AuthorityCase{"127.0.0.1:1", true},
                    AuthorityCase{"[::1]", true}, AuthorityCase{"[::1]:443", true}, AuthorityCase{"a:65535", true},
                    AuthorityCase{"", false}, AuthorityCase{"a, b", false}, AuthorityCase{"a,b", false},
                    AuthorityCase{"u@a", false}, AuthorityCase{"a:", false}, AuthorityCase{"a:0", false},
                    AuthorityCase{"a:65536", false}, AuthorityCase{"a:1:2", false}, AuthorityCase{"a:-1", false},
                    AuthorityCase{":80", false}, AuthorityCase{"[::1", false}, AuthorityCase{"[::1]x", false},
                    AuthorityCase{"[fe80::1%25eth0]", false}, AuthorityCase{"[a]", false}, AuthorityCase{"a/b", false},
                    AuthorityCase{"a%2eb", false}, AuthorityCase{"a b", false},
                    AuthorityCase{std::string_view("a\0.b", 4), false}));

class RulesHead : public testing::Test {
 protected:
  RequestHead head(std::string_view method, std::string_view authority, std::string_view path) {
    RequestHead out(pool_);
    EXPECT_TRUE(out.set_method(method) && out.set_scheme("http") && out.set_authority(authority) && out.set_path(path));
    return out;
  }
  Reason verdict(const RequestHead& h) {
    Result<void> result = check_request_head(h);
    return result ? Reason::kNone : result.error().reason;
  }
  BlockPool pool_;
};
TEST_F(RulesHead, AcceptsAnOrdinaryRequest) { EXPECT_EQ(verdict(head("GET", "a:80", "/x")), Reason::kNone); }
TEST_F(RulesHead, RefusesAMethodThatIsNoToken) { EXPECT_EQ(verdict(head("G(T", "a", "/")), Reason::kBadRequest); }
TEST_F(RulesHead, RefusesAnEndlessMethod) {
  EXPECT_EQ(verdict(head(std::string(33, 'A'), "a", "/")), Reason::kBadRequest);
}
TEST_F(RulesHead, TakesTheStarOnlyForOptions) {
  EXPECT_EQ(verdict(head("OPTIONS", "a", "*")), Reason::kNone);
  EXPECT_EQ(verdict(head("GET", "a", "*")), Reason::kBadRequest);
  EXPECT_EQ(verdict(head("OPTIONS", "a", "*/test")), Reason::kBadRequest);
}
TEST_F(RulesHead, LacksAHostOnlyInHttp10) {
  RequestHead old = head("GET", "", "/");
  old.version = HttpVersion::kHttp10;

  EXPECT_EQ(verdict(old), Reason::kNone);
  EXPECT_EQ(verdict(head("GET", "", "/")), Reason::kBadRequest);
}
TEST_F(RulesHead, RefusesConnect) {
  EXPECT_EQ(verdict(head("CONNECT", "a", "")), Reason::kBadRequest);
  EXPECT_EQ(verdict(head("CONNECT", "a:443", "")), Reason::kUnsupported);
}
TEST_F(RulesHead, RefusesAnUnknownScheme) {
  RequestHead ftp = head("GET", "a", "/");
  ASSERT_TRUE(ftp.set_scheme("ftp"));

  EXPECT_EQ(verdict(ftp), Reason::kBadRequest);
}

TEST(Rules, NominationOfFramingRoutingOrSecurityFieldsIsRefused) {
  for (std::string_view name :
       {"content-length", "transfer-encoding", "host", "authorization", "cookie", "x-forwarded-client-cert",
        "x-forwarded-for", "heddle-reason", "l5d-client-id", "forwarded", "x-mesh-id", "x-heddle-id", "x-envoy-id"})
    EXPECT_FALSE(may_be_nominated(name)) << name;
  for (std::string_view name : {"x-foo", "te", "keep-alive", "upgrade"}) EXPECT_TRUE(may_be_nominated(name)) << name;
}
TEST(Rules, UnderscoresMayNotMaskAnImportantName) {
  EXPECT_TRUE(is_masked_name("content_length"));
  EXPECT_TRUE(is_masked_name("transfer-encoding_") == false);
  EXPECT_TRUE(is_masked_name("x_forwarded-client_cert"));
  EXPECT_TRUE(is_masked_name("x_mesh_id"));
  EXPECT_FALSE(is_masked_name("my_header"));
  EXPECT_FALSE(is_masked_name("content-length"));
}
TEST(Rules, IdentityIsClaimedByTheNamesOfMeshes) {
  auto claims = [](std::string_view name) { return is_identity_claim({name, "", header_name(name)}); };

  for (std::string_view name :
       {"x-forwarded-client-cert", "l5d-client-id", "l5d-", "x-mesh-id", "x-heddle-id", "heddle-reason", "heddle-id"})
    EXPECT_TRUE(claims(name)) << name;
  for (std::string_view name : {"x", "x-mesh", "x-meshes", "x-forwarded-for", "heddle-via", "heddle", "host", "l5",
                                "x-envoy-id", "my-x-mesh-id", "authorization"})
    EXPECT_FALSE(claims(name)) << name;
  EXPECT_TRUE(is_envoy_field({"x-envoy-id", "", HeaderName::kOther}));
  EXPECT_FALSE(is_envoy_field({"x-envo", "", HeaderName::kOther}));
}
TEST(Rules, TrailersThatFrameRouteOrIdentifyAreStripped) {
  BlockPool pool;
  HeaderMap trailers(pool);
  for (std::string_view name : {"grpc-status", "content-length", "x-checksum", "host", "x-forwarded-client-cert",
                                "set-cookie", "l5d-client-id", "authorization", "grpc-message"})
    ASSERT_TRUE(trailers.add(name, "v"));

  strip_trailers(trailers);

  ASSERT_EQ(trailers.size(), 3U);
  EXPECT_EQ(trailers.at(0).name, "grpc-status");
  EXPECT_EQ(trailers.at(1).name, "x-checksum");
  EXPECT_EQ(trailers.at(2).name, "grpc-message");
}
// Long values are looked at several bytes at once: every byte at every place of every length.
TEST(Rules, AControlByteIsFoundWhereverItStands) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string value(size, 'v');
        value[at] = static_cast<char>(c);
        bool outer = (at == 0 || at + 1 == size) && (c == ' ' || c == '\t');
        bool good = (c >= 0x20 && c != 0x7f) || c == '\t';
        ASSERT_EQ(is_field_value(value), good && !outer) << size << " " << at << " " << c;
      }
    }
  }
}

TEST(Rules, ValuesHoldNoControlBytesAndNoOuterSpace) {
  EXPECT_TRUE(is_field_value("a\tb \x80\xff"));
  EXPECT_TRUE(is_field_value(""));
  for (std::string_view bad : {" a", "a ", "a\x01", "a\x7f", "a\rb", "a\nb"}) EXPECT_FALSE(is_field_value(bad));
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
}
}  // namespace
}  // namespace heddle
