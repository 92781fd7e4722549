#include "control/api/change_request.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
Result<ChangeWords> read(std::string query) {
  RpcRequest request;
  request.query = std::move(query);
  return read_change_words(request);
}

TEST(ChangeRequest, NothingSaidIsAPlainChange) {
  Result<ChangeWords> words = read("");

  ASSERT_TRUE(words.has_value());
  EXPECT_FALSE(words->is_dry_run);
  EXPECT_FALSE(words->expected.has_value());
  EXPECT_EQ(words->message, "");
}

TEST(ChangeRequest, ReadsWhatIsSaid) {
  Result<ChangeWords> words = read("dryRun=true&expect=1.42&message=ticket%20%23123");

  ASSERT_TRUE(words.has_value());
  EXPECT_TRUE(words->is_dry_run);
  EXPECT_EQ(words->expected, (Version{1, 42}));
  EXPECT_EQ(words->message, "ticket #123");
}

TEST(ChangeRequest, RefusesWhatItDoesNotUnderstandInsteadOfIgnoringIt) {
  for (const char* query : {"dryRun=yes", "dryRun=%zz", "expect=latest", "expect=", "message=%0a", "message=a%7f",
                            "message=%zz", "message=%00"}) {
    Result<ChangeWords> words = read(query);
    ASSERT_FALSE(words.has_value()) << query;
    EXPECT_EQ(words.error().reason, Reason::kBadRequest) << query;
  }
}

TEST(ChangeRequest, AMessageIsBounded) {
  EXPECT_TRUE(read("message=" + std::string(kMaxChangeMessage, 'a')).has_value());
  EXPECT_FALSE(read("message=" + std::string(kMaxChangeMessage + 1, 'a')).has_value());
}
}  // namespace
}  // namespace heddle
