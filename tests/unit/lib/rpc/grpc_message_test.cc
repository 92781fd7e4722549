#include "lib/rpc/grpc_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
using testing::ElementsAre;

class GrpcMessages : public testing::Test {
 protected:
  std::string framed(std::string_view message) {
    Buffer out(pool);
    append_grpc_message(out, message);
    return out.to_string();
  }
  Result<void> feed(GrpcMessageReader& reader, std::string_view bytes) {
    Buffer in(pool, bytes);
    return reader.feed(in, [this](std::string_view message) { seen.emplace_back(message); });
  }
  BlockPool pool;
  std::vector<std::string> seen;
};

TEST_F(GrpcMessages, PutsFlagAndLengthInFront) {
  EXPECT_EQ(framed("abc"), std::string("\0\0\0\0\3abc", 8));
  EXPECT_EQ(framed(std::string(0x010203, 'x')).substr(0, kGrpcPrefix), std::string("\0\0\1\2\3", 5));
}

TEST_F(GrpcMessages, ReadsSeveralOfOnePiece) {
  GrpcMessageReader reader;

  ASSERT_TRUE(feed(reader, framed("one") + framed("") + framed("three")));

  EXPECT_THAT(seen, ElementsAre("one", "", "three"));
  EXPECT_FALSE(reader.has_rest());
}

TEST_F(GrpcMessages, GivesTheSameHoweverItIsCut) {
  std::string whole = framed("one") + framed("") + framed(std::string(20'000, 'x'));

  for (size_t cut = 0; cut <= 40; ++cut) {
    GrpcMessageReader reader;
    seen.clear();
    ASSERT_TRUE(feed(reader, std::string_view(whole).substr(0, cut)));
    ASSERT_TRUE(feed(reader, std::string_view(whole).substr(cut)));
    EXPECT_THAT(seen, ElementsAre("one", "", std::string(20'000, 'x'))) << cut;
  }
}

TEST_F(GrpcMessages, ReadsByteByByte) {
  GrpcMessageReader reader;

  for (char c : framed("slow") + framed("")) ASSERT_TRUE(feed(reader, std::string_view(&c, 1)));

  EXPECT_THAT(seen, ElementsAre("slow", ""));
}

TEST_F(GrpcMessages, KnowsThatAMessageIsNotComplete) {
  GrpcMessageReader reader;

  ASSERT_TRUE(feed(reader, framed("one").substr(0, 2)));
  EXPECT_TRUE(reader.has_rest());
  ASSERT_TRUE(feed(reader, framed("one").substr(2, 5)));
  EXPECT_TRUE(reader.has_rest());
  ASSERT_TRUE(feed(reader, framed("one").substr(7)));
  EXPECT_FALSE(reader.has_rest());
}

TEST_F(GrpcMessages, TakesTheLimitAndRefusesOneByteMore) {
  GrpcMessageReader enough(8);
  GrpcMessageReader too_small(7);

  EXPECT_TRUE(feed(enough, framed("12345678")));
  auto refused = feed(too_small, framed("12345678").substr(0, kGrpcPrefix));

  EXPECT_THAT(seen, ElementsAre("12345678"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kTooLarge);
}

TEST_F(GrpcMessages, RefusesMoreThanFourMebibytesByItsLength) {
  GrpcMessageReader reader;

  EXPECT_TRUE(feed(reader, std::string("\0\0\x40\0\0", 5)));
  GrpcMessageReader other;
  EXPECT_FALSE(feed(other, std::string("\0\0\x40\0\1", 5)));
}

TEST_F(GrpcMessages, RefusesACompressedMessage) {
  GrpcMessageReader reader;

  auto refused = feed(reader, std::string("\1\0\0\0\0", 5));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kUnsupported);
}

TEST(GrpcText, EncodesWhatAFieldCannotCarry) {
  EXPECT_EQ(encode_grpc_text("50% of\n\xc3\xa4"), "50%25 of%0A%C3%A4");
  EXPECT_EQ(decode_grpc_text("50%25 of%0a%C3%A4"), "50% of\n\xc3\xa4");
}

TEST(GrpcText, LeavesBadEscapesAlone) {
  for (std::string_view text : {"%", "%4", "%zz", "%4g", "a%"}) EXPECT_EQ(decode_grpc_text(text), text);
  EXPECT_EQ(decode_grpc_text("%41"), "A");
}

TEST(GrpcText, IsBounded) {
  std::string text(100'000, '\n');

  EXPECT_EQ(encode_grpc_text(text).size(), 3 * kMaxGrpcText);
  EXPECT_EQ(decode_grpc_text(text).size(), kMaxGrpcText);
}

TEST(GrpcStatusCodes, AreReadFromTheTrailer) {
  EXPECT_EQ(grpc_status("0"), GrpcStatus::kOk);
  EXPECT_EQ(grpc_status("16"), GrpcStatus::kUnauthenticated);
  for (std::string_view text : {"17", "-1", "", "x", "256", "1 "}) EXPECT_EQ(grpc_status(text), GrpcStatus::kUnknown);
  EXPECT_EQ(to_text(GrpcStatus::kPermissionDenied), "PERMISSION_DENIED");
  EXPECT_EQ(to_text(GrpcStatus::kUnauthenticated), "UNAUTHENTICATED");
}
}  // namespace
}  // namespace heddle
