// What the reader of canonical lines reads, the general reader reads alike; what it leaves is judged as ever.
#include "lib/api/canonical_lines.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr std::string_view kHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string line_of(const auto& message) {
  std::string line = encode(message);
  line.pop_back();
  return line;
}

std::vector<std::string> control_lines() {
  WallTime time{std::chrono::milliseconds(1'800'000'000'123)};
  return {line_of(ControlMessage(WatchBegin{BatchKind::kDelta, Version{3, 41}, Version{3, 42}})),
          line_of(ControlMessage(WatchBegin{BatchKind::kSnapshot, std::nullopt, Version{1, UINT64_MAX}})),
          line_of(ControlMessage(WatchEnd{Version{3, 42}, std::string(kHash)})),
          line_of(ControlMessage(WatchHeartbeat{Version{3, 42}, time, Version{2, 7}}))};
}

// JSON may begin with a space; what encode() writes does not.
std::string for_general_reader(std::string_view line) { return " " + std::string(line); }

// Each line with one byte missing, doubled or another.
template <class F>
void for_each_neighbour(const std::string& line, F&& f) {
  for (size_t i = 0; i < line.size(); ++i) {
    f(line.substr(0, i) + line.substr(i + 1));
    f(line.substr(0, i) + line[i] + line.substr(i));
    for (char c : {'"', '\\', '0', 'a', 'F', '.', '}', ' ', '-', '\x01', '\xff'}) {
      std::string other = line;
      other[i] = c;
      f(other);
    }
  }
}

TEST(CanonicalLines, ReadWhatEncodeWrites) {
  for (const std::string& line : control_lines()) {
    ASSERT_TRUE(read_canonical_control_line(line)) << line;
    EXPECT_EQ(line_of(*read_canonical_control_line(line)), line);
  }
  std::string ack = line_of(SidecarMessage(WatchAck{Version{3, 42}}));
  ASSERT_TRUE(read_canonical_sidecar_line(ack));
  EXPECT_EQ(*read_canonical_sidecar_line(ack), SidecarMessage(WatchAck{Version{3, 42}}));
}

TEST(CanonicalLines, AreReadAsTheGeneralReaderReadsThem) {
  for (const std::string& line : control_lines()) {
    ASSERT_FALSE(read_canonical_control_line(for_general_reader(line)));
    EXPECT_EQ(read_canonical_control_line(line), *decode_control_message(for_general_reader(line))) << line;
  }
  std::string ack = line_of(SidecarMessage(WatchAck{Version{0, 1}}));
  EXPECT_EQ(read_canonical_sidecar_line(ack), *decode_sidecar_message(for_general_reader(ack)));
}

TEST(CanonicalLines, NoByteMakesADifferenceToTheGeneralReader) {
  for (const std::string& line : control_lines()) {
    for_each_neighbour(line, [](const std::string& other) {
      Result<ControlMessage> read = decode_control_message(other);
      Result<ControlMessage> expected = decode_control_message(for_general_reader(other));
      ASSERT_EQ(read.has_value(), expected.has_value()) << other;
      if (read) {
        EXPECT_EQ(*read, *expected) << other;
      }
    });
  }
  for_each_neighbour(line_of(SidecarMessage(WatchAck{Version{3, 42}})), [](const std::string& other) {
    Result<SidecarMessage> read = decode_sidecar_message(other);
    Result<SidecarMessage> expected = decode_sidecar_message(for_general_reader(other));
    ASSERT_EQ(read.has_value(), expected.has_value()) << other;
    if (read) {
      EXPECT_EQ(*read, *expected) << other;
    }
  });
}

TEST(CanonicalLines, LeaveToTheGeneralReaderWhatIsNotWrittenSo) {
  for (std::string_view line :
       {R"({"end":{"hash":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","version":"1.1"}})",
        R"({"end":{"version":"1.1","hash":"0123"}})", R"({"begin":{"kind":"delta","from":"1.1","to":"1.2"}} )",
        R"({"begin":{"kind":"delta","from":"1.1","to":"1.2","x":1,"ignorable":["x"]}})",
        R"({"begin":{"kind":"delta","to":"1.2"}})", R"({"heartbeat":{"version":"1.1","time":"yesterday"}})", ""}) {
    EXPECT_FALSE(read_canonical_control_line(line)) << line;
  }
  EXPECT_FALSE(read_canonical_sidecar_line(R"({"ack":{"version":"1"}})"));
  EXPECT_FALSE(read_canonical_sidecar_line(R"({"ack":{"version":"1.1"}}{})"));
}
}  // namespace
}  // namespace heddle
