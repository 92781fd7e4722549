#include "proxy/exchange/detection_memory.h"

#include <gtest/gtest.h>

#include <set>

namespace heddle {
namespace {
using Known = DestinationMemory::Known;

void be_silent(DestinationMemory& memory, uint32_t times) {
  for (uint32_t i = 0; i < times; ++i) static_cast<void>(memory.saw_silence());
}

TEST(DestinationMemory, KnowsNothingAtFirst) {
  DestinationMemory memory;

  EXPECT_EQ(memory.known(), Known::kNothing);
  EXPECT_FALSE(memory.expects_silence());
}

TEST(DestinationMemory, ExpectsSilenceAfterTwoSilentClients) {
  DestinationMemory memory;

  EXPECT_TRUE(memory.saw_silence());
  EXPECT_FALSE(memory.expects_silence());
  EXPECT_EQ(memory.known(), Known::kTcp);
  EXPECT_TRUE(memory.saw_silence());

  EXPECT_TRUE(memory.expects_silence());
  EXPECT_EQ(memory.known(), Known::kServerFirst);
  EXPECT_EQ(memory.count(Detection::kTimeout), 2U);
}

TEST(DestinationMemory, ForgetsItWhenAClientSpeaksHttp) {
  for (Detection http : {Detection::kHttp1, Detection::kHttp2}) {
    DestinationMemory memory;
    be_silent(memory, DestinationMemory::kSilentInARow);

    memory.saw(http);

    EXPECT_FALSE(memory.expects_silence());
    EXPECT_EQ(memory.known(), Known::kHttp);
  }
}

// A pool of an HTTP client opens connections before it uses them.
TEST(DestinationMemory, RefusesSilenceWhereHttpIsSpoken) {
  DestinationMemory memory;
  memory.saw(Detection::kHttp1);

  for (uint32_t i = 1; i < DestinationMemory::kSilentAfterHttp; ++i) EXPECT_FALSE(memory.saw_silence()) << i;
  EXPECT_FALSE(memory.expects_silence());

  EXPECT_TRUE(memory.saw_silence()) << "one request to a database must not close it for ever";
  EXPECT_TRUE(memory.expects_silence());
}

TEST(DestinationMemory, CountsSilenceInARow) {
  DestinationMemory memory;
  memory.saw(Detection::kHttp1);
  be_silent(memory, DestinationMemory::kSilentAfterHttp - 1);

  memory.saw(Detection::kHttp1);

  EXPECT_FALSE(memory.saw_silence());
}

TEST(DestinationMemory, KeepsItWhenAClientSpeaksSomethingElse) {
  DestinationMemory memory;
  be_silent(memory, DestinationMemory::kSilentInARow);

  memory.saw(Detection::kTcp);

  EXPECT_TRUE(memory.expects_silence());
}

TEST(DestinationMemory, OfTcpServesSilenceAgainAfterHttp) {
  DestinationMemory memory;
  memory.saw(Detection::kHttp1);

  memory.saw(Detection::kTcp);

  EXPECT_EQ(memory.known(), Known::kTcp);
  EXPECT_TRUE(memory.saw_silence());
}

TEST(DestinationMemory, LearnsFromClientsThatLeft) {
  DestinationMemory memory;

  for (uint32_t i = 0; i < DestinationMemory::kSilentInARow; ++i) memory.saw(Detection::kGaveUp);

  EXPECT_TRUE(memory.expects_silence());
}

TEST(DestinationMemory, IsNotToldByWhatItExpected) {
  DestinationMemory memory;
  be_silent(memory, DestinationMemory::kSilentInARow);

  memory.saw(Detection::kServerFirst);

  EXPECT_EQ(memory.count(Detection::kServerFirst), 1U);
  EXPECT_EQ(memory.known(), Known::kServerFirst);
}

TEST(DestinationMemory, LetsOneWriteTheLine) {
  DestinationMemory memory;

  EXPECT_TRUE(memory.take_turn_to_log());
  EXPECT_FALSE(memory.take_turn_to_log());
}

TEST(DetectionMemory, HoldsOneOfEachListener) {
  DetectionMemory memory(2);

  memory.of(1).saw(Detection::kTcp);

  ASSERT_EQ(memory.all().size(), 2U);
  EXPECT_EQ(memory.all()[0].count(Detection::kTcp), 0U);
  EXPECT_EQ(memory.all()[1].count(Detection::kTcp), 1U);
}

TEST(DetectionMemory, NamesEveryResult) {
  std::set<std::string_view> names;

  for (size_t i = 0; i < static_cast<size_t>(Detection::kCount); ++i) names.insert(to_text(static_cast<Detection>(i)));

  EXPECT_EQ(names.size(), static_cast<size_t>(Detection::kCount));
  EXPECT_FALSE(names.contains(""));
}
}  // namespace
}  // namespace heddle
