#include <gtest/gtest.h>

#include "lib/policy/authz_path.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
AuthzMatch match(std::string_view pattern, std::string_view path) {
  return match_authz_path({PathMatchType::kTemplate, std::string(pattern)}, path);
}
using enum AuthzMatch;

TEST(AuthzTemplate, AVariableIsOneSegment) {
  for (std::string_view pattern : {"/users/{*}/items", "/users/{id}/items"}) {
    EXPECT_EQ(match(pattern, "/users/7/items"), kYes);
    EXPECT_EQ(match(pattern, "/users/%7b%7d/items?x=/y"), kYes);
    EXPECT_EQ(match(pattern, "/users/items"), kNo);
    EXPECT_EQ(match(pattern, "/users/7/8/items"), kNo);
    EXPECT_EQ(match(pattern, "/users/7/items/8"), kNo);
    EXPECT_EQ(match(pattern, "/users/7"), kNo);
    EXPECT_EQ(match(pattern, "/users//items"), kNo);
    EXPECT_EQ(match(pattern, "/users/7/item"), kNo);
    EXPECT_EQ(match(pattern, "/users/7/itemsx"), kNo);
  }
}

TEST(AuthzTemplate, TwoStarsAreTheRest) {
  EXPECT_EQ(match("/a/{*}/{**}", "/a/b"), kYes);
  EXPECT_EQ(match("/a/{*}/{**}", "/a/b/"), kYes);
  EXPECT_EQ(match("/a/{*}/{**}", "/a/b/c/d"), kYes);
  EXPECT_EQ(match("/a/{*}/{**}", "/a"), kNo);
  EXPECT_EQ(match("/a/{**}", "/ab"), kNo);
  EXPECT_EQ(match("/{**}", "/"), kYes);
  EXPECT_EQ(match("/{**}", "/x;y//z"), kYes);
  EXPECT_EQ(match("/{**}", "*"), kNo);
}

TEST(AuthzTemplate, WithoutVariablesItIsExact) {
  EXPECT_EQ(match("/a/b", "/a/%62"), kYes);
  EXPECT_EQ(match("/", "/"), kYes);
  EXPECT_EQ(match("/a/", "/a/"), kYes);
  EXPECT_EQ(match("/a/", "/a"), kUnknown);
  EXPECT_EQ(match("/a", "/A"), kNo);
}

TEST(AuthzTemplate, SaysWhereApplicationsDisagree) {
  EXPECT_EQ(match("/users/{*}", "/users/7/"), kUnknown);
  EXPECT_EQ(match("/users/{*}", "/users//7"), kUnknown);
  EXPECT_EQ(match("/users/{*}", "/users;x/7"), kUnknown);
  EXPECT_EQ(match("/users/{*}", "/users/;x"), kUnknown);
  EXPECT_EQ(match("/users/{*}/admin", "/users/7/admin;x"), kUnknown);
  EXPECT_EQ(match("/users/{*}", "/users/7;x"), kYes);
}

// --- the same rules said again, slowly ---

using Segments = std::vector<std::string>;

std::string decoded(std::string text) {
  for (size_t at = text.find("%61"); at != std::string::npos; at = text.find("%61")) text.replace(at, 3, "a");
  return text;
}

Segments segments_of(std::string_view path, bool lenient) {
  Segments out;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string segment(path.substr(0, path.find('/')));
    path.remove_prefix(segment.size());
    if (lenient) segment = segment.substr(0, segment.find(';'));
    if (!lenient || !segment.empty()) out.push_back(decoded(segment));
  }
  return out;
}

bool fits(const Segments& pattern, const Segments& path, size_t i = 0) {
  if (i < pattern.size() && pattern[i] == "{**}") return true;
  if (i >= pattern.size() || i >= path.size()) return i == pattern.size() && i == path.size();
  bool same = pattern[i] == "{*}" || pattern[i] == "{id}" ? !path[i].empty() : pattern[i] == path[i];
  return same && fits(pattern, path, i + 1);
}

AuthzMatch naive(std::string_view pattern, std::string_view path) {
  bool literal = fits(segments_of(pattern, false), segments_of(path, false));
  bool lenient = fits(segments_of(pattern, true), segments_of(path, true));
  if (literal != lenient) return kUnknown;
  return literal ? kYes : kNo;
}

std::string random_path(SeededRandom& random) {
  constexpr std::string_view kPieces[] = {"a", "b", "ab", "%61", ";", ";a", "", "/"};
  std::string out;
  for (uint64_t segments = 1 + random.next() % 4; segments > 0; --segments) {
    out += "/";
    for (uint64_t pieces = random.next() % 3; pieces > 0; --pieces) out += kPieces[random.next() % std::size(kPieces)];
  }
  return out;
}

std::string random_template(SeededRandom& random) {
  constexpr std::string_view kSegments[] = {"a", "b", "ab", "%61b", "{*}", "{*}", "{id}"};
  std::string out;
  for (uint64_t segments = 1 + random.next() % 4; segments > 0; --segments) {
    out.append("/").append(kSegments[random.next() % std::size(kSegments)]);
  }
  uint64_t end = random.next() % 4;
  if (end < 2) out += end == 0 ? "/" : "/{**}";
  return out;
}

TEST(AuthzTemplate, AgreesWithASlowMatcherOnManyPaths) {
  SeededRandom random(4);
  std::array<int, 3> seen{};

  for (int i = 0; i < 200'000; ++i) {
    std::string pattern = random_template(random);
    std::string path = random_path(random);
    AuthzMatch expected = naive(pattern, path);
    ++seen[static_cast<size_t>(expected)];
    ASSERT_EQ(match(pattern, path), expected) << pattern << " " << path;
  }

  for (int verdicts : seen) EXPECT_GT(verdicts, 1'000);
}
}  // namespace
}  // namespace heddle
