#include "lib/http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
constexpr std::string_view kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string with(size_t at, char c) {
  std::string text(kGood);
  text[at] = c;
  return text;
}

TEST(TraceContext, SaysWhatItRead) {
  auto context = TraceContext::parse(kGood);

  ASSERT_TRUE(context);
  EXPECT_TRUE(context->is_sampled());
  EXPECT_EQ(context->trace_id[0], 0x4b);
  EXPECT_EQ(context->span_id[7], 0xb7);
  auto text = context->text();
  EXPECT_EQ(std::string_view(text.data(), text.size()), kGood);
}

TEST(TraceContext, KeepsBothKnownFlagsAndNoOther) {
  EXPECT_EQ(TraceContext::parse(with(54, '0'))->flags, 0);
  EXPECT_EQ(TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff")->flags, 0x03);
}

// §4.3: a later version may say more behind the four parts.
TEST(TraceContext, ReadsALaterVersionByItsFirstFourParts) {
  std::string later = "cc" + std::string(kGood.substr(2));

  EXPECT_TRUE(TraceContext::parse(later));
  EXPECT_TRUE(TraceContext::parse(later + "-what-ever"));
  EXPECT_FALSE(TraceContext::parse(later + ".what"));
  auto text = TraceContext::parse(later + "-x")->text();
  EXPECT_EQ(std::string_view(text.data(), text.size()), kGood);
}

TEST(TraceContext, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("00"), with(0, 'f').replace(1, 1, "f"), with(2, '_'), with(35, '_'), with(52, '_'),
        with(3, 'A'), with(40, 'g'), with(54, 'x'), std::string(kGood) + "-", std::string(kGood) + "0",
        std::string(kGood.substr(0, 54)), "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(16, '0') + "-01"}) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}
}  // namespace
}  // namespace heddle
