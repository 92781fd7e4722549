#include "lib/policy/authz_path.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
AuthzMatch exact(std::string_view pattern, std::string_view path) {
  return match_authz_path({PathMatchType::kExact, std::string(pattern)}, path);
}
AuthzMatch prefix(std::string_view pattern, std::string_view path) {
  return match_authz_path({PathMatchType::kPrefix, std::string(pattern)}, path);
}
using enum AuthzMatch;

TEST(AuthzPath, ComparesExactly) {
  EXPECT_EQ(exact("/a", "/a"), kYes);
  EXPECT_EQ(exact("/a", "/a?b=c"), kYes);
  EXPECT_EQ(exact("/", "/"), kYes);
  EXPECT_EQ(exact("/a/", "/a/"), kYes);
  EXPECT_EQ(exact("/a", "/ab"), kNo);
  EXPECT_EQ(exact("/a", "/A"), kNo);
  EXPECT_EQ(exact("/a", "/a/b"), kNo);
  EXPECT_EQ(exact("/", "*"), kNo);
}

TEST(AuthzPath, PrefixesEndAtASlash) {
  EXPECT_EQ(prefix("/a", "/a"), kYes);
  EXPECT_EQ(prefix("/a", "/a/"), kYes);
  EXPECT_EQ(prefix("/a", "/a/b/c"), kYes);
  EXPECT_EQ(prefix("/a", "/ab"), kNo);
  EXPECT_EQ(prefix("", "/"), kYes);
  EXPECT_EQ(prefix("", "/x"), kYes);
  EXPECT_EQ(prefix("", "//x"), kYes);
  EXPECT_EQ(prefix("/a", "/"), kNo);
  EXPECT_EQ(prefix("", "*"), kNo);
}

TEST(AuthzPath, ReadsEscapesOnBothSides) {
  EXPECT_EQ(exact("/admin", "/%61dmin"), kYes);
  EXPECT_EQ(prefix("/admin", "/adm%69n/x"), kYes);
  EXPECT_EQ(exact("/%61", "/a"), kYes);
  EXPECT_EQ(exact("/%61", "/%2561"), kNo);
}

TEST(AuthzPath, SaysWhereApplicationsDisagree) {
  EXPECT_EQ(exact("/admin", "//admin"), kUnknown);
  EXPECT_EQ(exact("/a/b", "/a//b"), kUnknown);
  EXPECT_EQ(exact("/admin", "/admin/"), kUnknown);
  EXPECT_EQ(exact("/admin", "/admin;x=1"), kUnknown);
  EXPECT_EQ(prefix("/admin", "/admin;x=1/y"), kUnknown);
  EXPECT_EQ(prefix("/admin", "/;x/admin/y"), kUnknown);
  EXPECT_EQ(prefix("/admin", "/;/;x//admin"), kUnknown);
  EXPECT_EQ(exact("/", "/;"), kUnknown);
  EXPECT_EQ(exact("/a/", "/a"), kUnknown);
}

TEST(AuthzPath, OddPathsElsewhereAreNoDisagreement) {
  EXPECT_EQ(prefix("/a", "/b;x//y/"), kNo);
  EXPECT_EQ(prefix("/a", "/a/b;x//y/"), kYes);
}
}  // namespace
}  // namespace heddle
