// A batch goes out with the same bytes in the same order, whatever its sink takes at a time.
#include <gtest/gtest.h>

#include "control/watch/batch.h"

namespace heddle {
namespace {
class LineSink : public SubscriberSink {
 public:
  explicit LineSink(size_t window) : window_(window) {}
  Flow send_line(std::string_view line) override {
    text_.append(line);
    return ++lines_ % window_ == 0 ? Flow::kFull : Flow::kOpen;
  }
  void close(const Error& error) override { ADD_FAILURE() << error.detail; }
  std::string text_;
  size_t lines_ = 0;

 private:
  size_t window_;
};

class WholeSink final : public LineSink {
 public:
  WholeSink() : LineSink(SIZE_MAX) {}
  Taken send_lines(std::span<const std::string_view> lines) override {
    sizes_.push_back(lines.size());
    return LineSink::send_lines(lines);
  }
  std::vector<size_t> sizes_;
};

BatchCursor cursor_of(size_t lines, size_t line_bytes) {
  auto body = std::make_shared<BatchBody>();
  for (size_t i = 0; i < lines; ++i) {
    body->deletes.push_back(std::string(line_bytes - 1, static_cast<char>('a' + i % 26)) + "\n");
  }
  return {Version{1, 1}, Version{1, 2}, Sha256Digest{}, std::move(body)};
}

std::string text_of(BatchCursor cursor) {
  WholeSink sink;
  EXPECT_EQ(cursor.send(sink), Flow::kOpen);
  EXPECT_TRUE(cursor.is_done());
  return sink.text_;
}

std::vector<size_t> sizes_of(BatchCursor cursor) {
  WholeSink sink;
  EXPECT_EQ(cursor.send(sink), Flow::kOpen);
  return sink.sizes_;
}

TEST(BatchCursor, ASmallBatchIsHandedOverAtOnce) {
  EXPECT_EQ(sizes_of(cursor_of(0, 10)), (std::vector<size_t>{2})) << "begin and end";
  EXPECT_EQ(sizes_of(cursor_of(3, 100)), (std::vector<size_t>{5}));
}

TEST(BatchCursor, HandsOverSoManyLinesAndBytesAtATime) {
  constexpr size_t kMost = BatchCursor::kLinesAtOnce;
  EXPECT_EQ(sizes_of(cursor_of(kMost, 10)), (std::vector<size_t>{kMost, 2}));
  EXPECT_EQ(sizes_of(cursor_of(3, BatchCursor::kBytesAtOnce)), (std::vector<size_t>{2, 1, 1, 1}));
}

TEST(BatchCursor, ASinkThatIsFullGetsTheRestLater) {
  for (size_t window : {1, 2, 3, 7, 100}) {
    for (size_t lines : {0, 1, 5, 40}) {
      BatchCursor cursor = cursor_of(lines, 1000);
      LineSink sink(window);
      size_t turns = 0;
      while (!cursor.is_done()) {
        bool is_full = cursor.send(sink) == Flow::kFull;
        EXPECT_EQ(is_full, sink.lines_ % window == 0);
        ASSERT_LE(++turns, lines + 2);
      }
      EXPECT_EQ(sink.lines_, lines + 2);
      EXPECT_EQ(sink.text_, text_of(cursor_of(lines, 1000)));
    }
  }
}
}  // namespace
}  // namespace heddle
