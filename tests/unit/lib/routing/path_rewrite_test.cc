#include "lib/routing/path_rewrite.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
std::string joined(const Result<PathPieces>& pieces) {
  if (!pieces) return std::string(info(pieces.error().reason).name);
  return str_cat((*pieces)[0], (*pieces)[1], (*pieces)[2]);
}

struct PrefixCase {
  const char* path;
  const char* prefix;
  const char* replacement;
  const char* becomes;
};
std::string rewritten(const PrefixCase& one) {
  PathModifier modifier{PathChange::kReplacePrefix, one.replacement};
  return joined(PathRewrite(modifier, one.prefix).apply(one.path));
}

class ReplacePrefixMatch : public testing::TestWithParam<PrefixCase> {};
TEST_P(ReplacePrefixMatch, GivesThePathOfTheTable) { EXPECT_EQ(rewritten(GetParam()), GetParam().becomes); }
// The table of the Gateway API (HTTPPathModifier.replacePrefixMatch).
INSTANTIATE_TEST_SUITE_P(GatewayApi, ReplacePrefixMatch,
                         testing::Values(PrefixCase{"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
                                         PrefixCase{"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
                                         PrefixCase{"/foo/bar", "/foo/", "/xyz", "/xyz/bar"},
                                         PrefixCase{"/foo/bar", "/foo/", "/xyz/", "/xyz/bar"},
                                         PrefixCase{"/foo", "/foo", "/xyz", "/xyz"},
                                         PrefixCase{"/foo/", "/foo", "/xyz", "/xyz/"},
                                         PrefixCase{"/foo/bar", "/foo", "", "/bar"},
                                         PrefixCase{"/foo/", "/foo", "", "/"}, PrefixCase{"/foo", "/foo", "", "/"},
                                         PrefixCase{"/foo/", "/foo", "/", "/"}, PrefixCase{"/foo", "/foo", "/", "/"}));
INSTANTIATE_TEST_SUITE_P(Edges, ReplacePrefixMatch,
                         testing::Values(PrefixCase{"/bar", "/", "/xyz", "/xyz/bar"}, PrefixCase{"/", "/", "/", "/"},
                                         PrefixCase{"/", "/", "/xyz", "/xyz/"},
                                         PrefixCase{"/foo/bar?a=/foo//b", "/foo", "/xyz", "/xyz/bar?a=/foo//b"},
                                         PrefixCase{"/foo?a=b", "/foo", "", "/?a=b"},
                                         PrefixCase{"/foo/%41", "/foo", "/x%42", "/x%42/%41"}));
// A path that would be read in two ways is refused, not repaired.
INSTANTIATE_TEST_SUITE_P(Ambiguous, ReplacePrefixMatch,
                         testing::Values(PrefixCase{"/foo//evil.example", "/foo", "", "bad-request"},
                                         PrefixCase{"/foo//bar", "/foo", "/xyz", "bad-request"},
                                         PrefixCase{"/foo/a//b", "/foo", "/xyz", "bad-request"},
                                         PrefixCase{"/foo//", "/foo/", "/", "bad-request"},
                                         PrefixCase{"//", "/", "/", "bad-request"}));

TEST(PathRewrite, AFullPathKeepsTheQuery) {
  PathModifier modifier{PathChange::kReplaceFull, "/one/"};

  EXPECT_EQ(joined(PathRewrite(modifier, "/").apply("/a//b?c=d&e")), "/one/?c=d&e");
  EXPECT_EQ(joined(PathRewrite(modifier, "/").apply("/a")), "/one/");
}

// Whatever good path comes, and whatever prefix is replaced by what: never `//`, never a path our own rules refuse.
TEST(PathRewrite, NeverMakesAnAmbiguousPath) {
  constexpr std::string_view kSegments[] = {"", "foo", "a", "b;x=1", "%2e", "..", "%2f", "...", "a%20b", "%5c", "~"};
  constexpr const char* kReplacements[] = {"", "/", "/xyz", "/xyz/", "/x/y"};
  size_t made = 0;

  for (std::string_view first : kSegments) {
    for (std::string_view second : kSegments) {
      for (std::string_view third : kSegments) {
        std::string path = str_cat("/foo/", first, "/", second, "/", third);
        if (!check_path(path)) continue;  // no codec takes it
        for (const char* replacement : kReplacements) {
          std::string out = rewritten({path.c_str(), "/foo", replacement, ""});
          if (out == "bad-request") continue;
          ++made;
          EXPECT_TRUE(check_path(out)) << path << " became " << out;
          EXPECT_EQ(out.find("//"), out.npos) << path << " became " << out;
        }
      }
    }
  }

  EXPECT_GT(made, 500U);
}
}  // namespace
}  // namespace heddle
