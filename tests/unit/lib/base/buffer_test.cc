#include "lib/base/buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace heddle {
namespace {
std::string letters(size_t n) {
  std::string out(n, ' ');
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<char>('a' + i % 23);
  return out;
}

class BufferTest : public testing::Test {
 protected:
  BlockPool pool_;
};

TEST_F(BufferTest, AppendsOverManyBlocks) {
  std::string text = letters(200'000);
  Buffer buffer(pool_);

  buffer.append(text.substr(0, 10));
  buffer.append(text.substr(10));

  EXPECT_EQ(buffer.size(), 200'000U);
  EXPECT_EQ(buffer.to_string(), text);
}

TEST_F(BufferTest, PacksSmallAppendsIntoOneBlock) {
  Buffer buffer(pool_);

  for (int i = 0; i < 100; ++i) buffer.append("0123456789");

  EXPECT_EQ(buffer.front().size(), 1000U);
  EXPECT_EQ(buffer.capacity_held(), 2048U);
}

TEST_F(BufferTest, JoinsPiecesOfAFewBytes) {
  Buffer all(pool_);
  std::string text;

  for (int i = 0; i < 10'000; ++i) {
    Buffer piece(pool_, letters(1 + static_cast<size_t>(i) % 3));
    text += piece.to_string();
    all.append(std::move(piece));
  }

  EXPECT_EQ(all.to_string(), text);
  EXPECT_LE(pool_.bytes_in_use(), 2 * text.size());
}

TEST_F(BufferTest, JoinsNothingIntoABlockThatAnotherFillsUp) {
  Buffer first(pool_, letters(3000));
  Buffer second = first.share(0, 2500);  // ends before the block's mark

  second.append(Buffer(pool_, "!"));
  first.append(Buffer(pool_, "?"));

  EXPECT_EQ(first.to_string(), letters(3000) + "?");
  EXPECT_EQ(second.to_string(), letters(2500) + "!");
}

TEST_F(BufferTest, SplicesWithoutCopying) {
  Buffer a(pool_, "head ");
  Buffer b(pool_, letters(3000));
  const std::byte* where = b.front().data();
  size_t held = pool_.bytes_in_use();

  a.append(std::move(b));

  std::array<Bytes, 4> slices;
  ASSERT_EQ(a.slices(slices), 2U);
  EXPECT_EQ(slices[1].data(), where);
  EXPECT_EQ(pool_.bytes_in_use(), held);
  EXPECT_EQ(a.to_string(), "head " + letters(3000));
}

TEST_F(BufferTest, IsEmptyAndUsableAfterAMove) {
  Buffer a(pool_, "abc");
  Buffer b(std::move(a));

  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): this is what the test is about
  a.append("def");

  EXPECT_EQ(a.to_string(), "def");
  EXPECT_EQ(b.to_string(), "abc");
}

TEST_F(BufferTest, GivesBackWhatItHeldWhenAssignedTo) {
  Buffer a(pool_, letters(5000));
  Buffer b(pool_, "x");

  a = std::move(b);

  EXPECT_EQ(a.to_string(), "x");
  EXPECT_EQ(pool_.bytes_in_use(), 2048U);
}

TEST_F(BufferTest, IsEmptyAndUsableAfterASplice) {
  Buffer a(pool_, "a");
  Buffer b(pool_, "b");
  a.append(std::move(b));

  b.append("c");  // NOLINT(bugprone-use-after-move): this is what the test is about

  EXPECT_EQ(b.to_string(), "c");
  EXPECT_EQ(a.to_string(), "ab");
}

TEST_F(BufferTest, ConsumesAcrossSlices) {
  Buffer buffer(pool_, letters(5000));
  buffer.append(Buffer(pool_, letters(5000)));

  buffer.consume(6000);

  EXPECT_EQ(buffer.to_string(), letters(5000).substr(1000));
  buffer.consume(4000);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pool_.bytes_in_use(), 0U);
}

TEST_F(BufferTest, TakesWholeSlicesWithoutCopying) {
  Buffer buffer(pool_, letters(3000));
  buffer.append(Buffer(pool_, "tail"));
  const std::byte* where = buffer.front().data();

  Buffer taken = buffer.take(3000);

  EXPECT_EQ(taken.front().data(), where);
  EXPECT_EQ(buffer.to_string(), "tail");
}

TEST_F(BufferTest, TakesAFewBytesByCopySoThatTheyPinNoBlock) {
  Buffer buffer(pool_, letters(10'000));

  Buffer taken = buffer.take(Buffer::kShareFrom - 1);

  EXPECT_EQ(taken.to_string(), letters(10'000).substr(0, 2047));
  EXPECT_EQ(buffer.to_string(), letters(10'000).substr(2047));
  buffer.clear();
  EXPECT_EQ(taken.capacity_held(), pool_.bytes_in_use());
  EXPECT_NE(taken.front().size(), 0U);
}

TEST_F(BufferTest, TakesAllAndNothing) {
  Buffer buffer(pool_, "abc");

  Buffer none = buffer.take(0);
  Buffer all = buffer.take(3);

  EXPECT_TRUE(none.empty());
  EXPECT_EQ(all.to_string(), "abc");
  EXPECT_TRUE(buffer.empty());
}

TEST_F(BufferTest, SharesManyBytesWithoutCopying) {
  Buffer buffer(pool_, letters(10'000));

  Buffer view = buffer.share(1000, 5000);

  EXPECT_EQ(view.to_string(), letters(10'000).substr(1000, 5000));
  EXPECT_EQ(view.front().data(), buffer.front().data() + 1000);
  EXPECT_EQ(pool_.bytes_in_use(), 16384U);
}

TEST_F(BufferTest, SharesFewBytesByCopy) {
  Buffer buffer(pool_, letters(10'000));

  Buffer view = buffer.share(9990, 10);
  buffer.clear();

  EXPECT_EQ(view.to_string(), letters(10'000).substr(9990));
  EXPECT_EQ(pool_.bytes_in_use(), 2048U);
}

TEST_F(BufferTest, SharesAcrossSlices) {
  Buffer buffer(pool_, letters(3000));
  buffer.append(Buffer(pool_, letters(3000)));

  EXPECT_EQ(buffer.share(2990, 20).to_string(), (letters(3000) + letters(3000)).substr(2990, 20));
}

TEST_F(BufferTest, KeepsSharedBytesWhenTheOtherViewGrows) {
  Buffer buffer(pool_, letters(5000));
  Buffer view = buffer.share(0, 5000);

  buffer.append("one");
  view.append("two");

  EXPECT_EQ(buffer.to_string(), letters(5000) + "one");
  EXPECT_EQ(view.to_string(), letters(5000) + "two");
}

TEST_F(BufferTest, ReservesAtLeastWhatWasAsked) {
  Buffer buffer(pool_);

  for (size_t asked : {1U, 1000U, 1200U, 16'000U, 60'000U, 700U}) {
    ASSERT_GE(buffer.reserve(asked).size(), asked);
    buffer.commit(asked);
  }

  EXPECT_EQ(buffer.size(), 78'901U);
}

TEST_F(BufferTest, ReservesAtMostOneLargeBlock) {
  Buffer buffer(pool_);

  EXPECT_EQ(buffer.reserve(1'000'000).size(), 65536 - sizeof(Block));
}

TEST_F(BufferTest, KeepsTheCommittedPartOfAReservation) {
  Buffer buffer(pool_, "ab");

  MutableBytes room = buffer.reserve(100);
  std::memcpy(room.data(), "cdef", 4);
  buffer.commit(2);

  EXPECT_EQ(buffer.to_string(), "abcd");
}

TEST_F(BufferTest, LooksPastAReservationThatKeptNothing) {
  Buffer buffer(pool_);
  buffer.reserve(10);
  buffer.commit(0);

  buffer.append(Buffer(pool_, "abc"));

  EXPECT_EQ(as_text(buffer.front()), "abc");
  EXPECT_EQ(buffer.share(0, 3).to_string(), "abc");
  buffer.consume(3);
  EXPECT_TRUE(buffer.empty());
}

TEST_F(BufferTest, AdoptsABlockThatWasFilledElsewhere) {
  Buffer buffer(pool_, "x");
  Block* block = pool_.acquire(BlockSize::kMedium);
  std::memcpy(block->payload(), "__hello", 7);

  buffer.append_block(block, 2, 5);
  buffer.append(" you");

  EXPECT_EQ(buffer.to_string(), "xhello you");
  EXPECT_EQ(buffer.capacity_held(), 2048U + 16384U);
}

TEST_F(BufferTest, PrependsInFrontOfEverything) {
  Buffer buffer(pool_, "body");

  buffer.prepend("head ");

  EXPECT_EQ(buffer.to_string(), "head body");
}

TEST_F(BufferTest, LinearizesWithoutACopyWhenItIsContiguous) {
  Buffer buffer(pool_, "abcdef");
  const std::byte* where = buffer.front().data();

  Bytes first = buffer.linearize(4);

  EXPECT_EQ(first.data(), where);
  EXPECT_EQ(as_text(first), "abcd");
}

TEST_F(BufferTest, LinearizesAcrossSlices) {
  Buffer buffer(pool_, "abc");
  buffer.append(Buffer(pool_, "def"));
  buffer.append(Buffer(pool_, "ghi"));

  Bytes first = buffer.linearize(5);

  EXPECT_EQ(as_text(first).substr(0, 5), "abcde");
  EXPECT_EQ(buffer.to_string(), "abcdefghi");
}

TEST_F(BufferTest, CountsABlockOnceForNeighbouringSlices) {
  Buffer buffer(pool_, letters(10'000));
  Buffer first = buffer.take(4000);

  first.append(std::move(buffer));

  EXPECT_EQ(first.capacity_held(), 16384U);
  EXPECT_EQ(first.to_string(), letters(10'000));
}

TEST_F(BufferTest, CopiesOnlyAsMuchAsFits) {
  Buffer buffer(pool_, "abcdef");
  std::array<std::byte, 4> out{};

  EXPECT_EQ(buffer.copy_to(out), 4U);
  EXPECT_EQ(as_text(out), "abcd");
}

TEST_F(BufferTest, FillsOnlyTheSlicesThatFit) {
  Buffer buffer(pool_, "a");
  buffer.append(Buffer(pool_, letters(1500)));
  buffer.append(Buffer(pool_, letters(2000)));
  std::array<Bytes, 2> slices;

  EXPECT_EQ(buffer.slices(slices), 2U);
  EXPECT_EQ(as_text(slices[1]), letters(1500));
}
}  // namespace
}  // namespace heddle
