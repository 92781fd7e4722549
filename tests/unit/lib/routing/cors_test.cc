#include "lib/routing/cors.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
class Cors : public testing::Test {
 protected:
  static CorsFilter filter(std::vector<CorsOrigin> origins) {
    CorsFilter out;
    out.origins = std::move(origins);
    return out;
  }
  static CorsFilter any() {
    CorsFilter out;
    out.any_origin = true;
    return out;
  }
  RequestHead request(std::string_view method, std::string_view origin, std::string_view asked_method = "") {
    RequestHead head(pool_);
    bool ok = head.set_method(method) && head.set_path("/") && head.fields().add("origin", origin);
    if (!asked_method.empty()) ok = ok && head.fields().add("access-control-request-method", asked_method);
    EXPECT_TRUE(ok);
    return head;
  }
  RequestHead preflight(std::string_view origin, std::string_view headers = "") {
    RequestHead head = request("OPTIONS", origin, "PUT");
    EXPECT_TRUE(headers.empty() || head.fields().add("access-control-request-headers", headers));
    return head;
  }
  static std::string text(const HeaderMap& fields) {
    std::string out;
    for (size_t i = 0; i < fields.size(); ++i) out.append(str_cat(fields.at(i).name, ": ", fields.at(i).value, "\n"));
    return out;
  }
  std::string preflight_answer(const CorsFilter& said, const RequestHead& head) {
    HeaderMap answer(pool_);
    EXPECT_TRUE(CorsPolicy(said).answer_preflight(head, answer));
    return text(answer);
  }
  std::string marked(const CorsFilter& said, const RequestHead& head, std::string_view of_application = "") {
    HeaderMap answer(pool_);
    EXPECT_TRUE(of_application.empty() || answer.add("access-control-allow-origin", of_application));
    EXPECT_TRUE(CorsPolicy(said).mark_answer(head, answer));
    return text(answer);
  }
  BlockPool pool_;
};

struct OriginCase {
  const char* scheme;
  const char* host;
  uint16_t port;
  const char* origin;
  bool allowed;
};
class CorsOrigins : public testing::TestWithParam<OriginCase> {};
TEST_P(CorsOrigins, MatchBySchemeHostAndPort) {
  const OriginCase& one = GetParam();
  CorsFilter filter;
  filter.origins = {{one.scheme, one.host, one.port}};
  EXPECT_EQ(CorsPolicy(filter).allows(one.origin), one.allowed);
}
INSTANTIATE_TEST_SUITE_P(Matrix, CorsOrigins,
                         testing::Values(OriginCase{"https", "a.example", 443, "https://a.example", true},
                                         OriginCase{"https", "a.example", 443, "https://a.example:443", true},
                                         OriginCase{"https", "a.example", 443, "HTTPS://A.Example", true},
                                         OriginCase{"https", "a.example", 443, "http://a.example", false},
                                         OriginCase{"https", "a.example", 443, "https://a.example:8443", false},
                                         OriginCase{"http", "a.example", 8080, "http://a.example:8080", true},
                                         OriginCase{"http", "a.example", 8080, "http://a.example", false},
                                         OriginCase{"https", "a.example", 443, "https://a.example.evil", false},
                                         OriginCase{"https", "a.example", 443, "https://xa.example", false},
                                         OriginCase{"https", "*.a.example", 443, "https://b.a.example", true},
                                         OriginCase{"https", "*.a.example", 443, "https://c.b.a.example", true},
                                         OriginCase{"https", "*.a.example", 443, "https://a.example", false},
                                         OriginCase{"https", "*.a.example", 443, "https://.a.example", false},
                                         OriginCase{"https", "*.a.example", 443, "https://evila.example", false},
                                         OriginCase{"https", "*", 443, "https://anybody", true},
                                         OriginCase{"https", "*", 443, "http://anybody", false},
                                         OriginCase{"https", "*", 443, "null", false},
                                         OriginCase{"https", "*", 443, "", false},
                                         OriginCase{"https", "*", 443, "https://a:b", false}));

TEST_F(Cors, APreflightHasItsMethodOriginAndQuestion) {
  EXPECT_TRUE(CorsPolicy::is_preflight(preflight("https://a")));
  EXPECT_FALSE(CorsPolicy::is_preflight(request("OPTIONS", "https://a")));
  EXPECT_FALSE(CorsPolicy::is_preflight(request("GET", "https://a", "PUT")));
}

TEST_F(Cors, TellsAnAllowedOriginWhatItMayDo) {
  CorsFilter said = filter({{"https", "a.example", 443}});
  said.methods = {"GET", "PUT"};
  said.headers = {"X-One", "x-two"};
  said.expose = {"x-three"};
  said.max_age = 60;

  EXPECT_EQ(preflight_answer(said, preflight("https://a.example")),
            "vary: origin\naccess-control-allow-origin: https://a.example\naccess-control-allow-methods: GET, PUT\n"
            "access-control-allow-headers: X-One, x-two\naccess-control-max-age: 60\n");
  EXPECT_EQ(marked(said, request("GET", "https://a.example")),
            "vary: origin\naccess-control-allow-origin: https://a.example\naccess-control-expose-headers: x-three\n");
}

TEST_F(Cors, TellsOthersNothing) {
  CorsFilter said = filter({{"https", "a.example", 443}});

  EXPECT_EQ(preflight_answer(said, preflight("https://b.example")), "vary: origin\n");
  EXPECT_EQ(marked(said, request("GET", "https://b.example"), "*"), "vary: origin\n");
}

TEST_F(Cors, AStarIsAStarWithoutCredentials) {
  CorsFilter said = any();
  said.methods = {"*"};
  said.headers = {"*"};

  EXPECT_EQ(preflight_answer(said, preflight("https://a", "x-a")),
            "access-control-allow-origin: *\naccess-control-allow-methods: *\naccess-control-allow-headers: *\n"
            "access-control-max-age: 5\n");
}

TEST_F(Cors, AStarBesideCredentialsIsWhatWasAskedFor) {
  CorsFilter said = any();
  said.credentials = true;
  said.methods = {"*"};
  said.headers = {"*"};
  said.expose = {"*"};

  EXPECT_EQ(preflight_answer(said, preflight("https://a", "x-a, x-b")),
            "vary: origin\naccess-control-allow-origin: https://a\naccess-control-allow-credentials: true\n"
            "access-control-allow-methods: PUT\naccess-control-allow-headers: x-a, x-b\naccess-control-max-age: 5\n");
  EXPECT_EQ(marked(said, request("GET", "https://a")),
            "vary: origin\naccess-control-allow-origin: https://a\naccess-control-allow-credentials: true\n");
}
}  // namespace
}  // namespace heddle
