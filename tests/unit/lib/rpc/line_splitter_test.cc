#include <gtest/gtest.h>

#include <vector>

#include "lib/rpc/line_stream.h"

namespace heddle {
namespace {
class LineSplitterTest : public testing::Test {
 protected:
  Result<void> feed(std::string_view bytes) {
    Buffer in(pool_, bytes);
    Result<void> fed = splitter_.feed(in, [this](std::string_view line) { lines_.emplace_back(line); });
    EXPECT_TRUE(!fed || in.empty());
    return fed;
  }
  using Lines = std::vector<std::string>;
  BlockPool pool_;
  LineSplitter splitter_{8};
  Lines lines_;
};

TEST_F(LineSplitterTest, CutsWhatComesAtOnce) {
  ASSERT_TRUE(feed("one\n\ntwo\n"));

  EXPECT_EQ(lines_, (Lines{"one", "", "two"}));
  EXPECT_FALSE(splitter_.has_rest());
}

TEST_F(LineSplitterTest, PutsTogetherWhatComesInPieces) {
  ASSERT_TRUE(feed("one\ntw"));
  EXPECT_TRUE(splitter_.has_rest());
  ASSERT_TRUE(feed("o"));
  ASSERT_TRUE(feed("\nthree\nfour"));
  EXPECT_EQ(lines_, (Lines{"one", "two", "three"}));
  ASSERT_TRUE(feed("\n"));

  EXPECT_EQ(lines_, (Lines{"one", "two", "three", "four"}));
  EXPECT_FALSE(splitter_.has_rest());
}

TEST_F(LineSplitterTest, PutsTogetherWhatLiesInTwoBlocks) {
  std::string tail = "e\n";
  while (tail.size() <= Buffer::kJoinUpTo) tail.append("two\n");  // less would be copied behind what is before it
  Buffer in(pool_, tail + "th");
  in.prepend("on");
  ASSERT_EQ(in.front().size(), 2U);

  ASSERT_TRUE(splitter_.feed(in, [this](std::string_view line) { lines_.emplace_back(line); }));

  EXPECT_EQ(lines_.front(), "one");
  EXPECT_EQ(lines_.back(), "two");
  EXPECT_EQ(lines_.size(), 1 + (tail.size() - 2) / 4);
  EXPECT_TRUE(splitter_.has_rest());
}

TEST_F(LineSplitterTest, TellsALineFromWhereItLies) {
  Buffer in(pool_, "one\ntwo\n");
  const char* begin = as_text(in.front()).data();
  std::vector<const char*> places;

  ASSERT_TRUE(splitter_.feed(in, [&places](std::string_view line) { places.push_back(line.data()); }));

  EXPECT_EQ(places, (std::vector<const char*>{begin, begin + 4}));
}

TEST_F(LineSplitterTest, ALineKeepsItsLimitInOnePieceOrMany) {
  ASSERT_TRUE(feed("12345678\n1234567"));
  ASSERT_TRUE(feed("8\n"));
  EXPECT_EQ(lines_, (Lines{"12345678", "12345678"}));
  EXPECT_EQ(feed("one\n123456789\n").error().reason, Reason::kTooLarge);
  EXPECT_EQ(lines_.back(), "one");

  LineSplitter other(8);
  Buffer in(pool_, "123456789");
  EXPECT_EQ(other.feed(in, [](std::string_view) { ADD_FAILURE(); }).error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
