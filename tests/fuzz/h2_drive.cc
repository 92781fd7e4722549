#include "tests/fuzz/h2_drive.h"

#include <set>

#include "lib/base/strings.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/h2_frames.h"

namespace heddle::fuzz {
namespace {
// Offers `in` until the codec takes no more. What it has to say is pulled only when reading has stopped: whether a
// frame meets a stream that we have closed depends on what has left, and that must not depend on how the bytes were
// split.
Result<void> offer(Codec& codec, Buffer& in, std::string& output) {
  while (!in.empty()) {
    size_t before = in.size();
    if (codec.wants_read()) HEDDLE_CHECK_OK(codec.receive(in));
    if (in.size() < before) continue;
    std::string said = produced(codec, in.pool());
    if (said.empty()) return {};
    output += said;
  }
  return {};
}

Result<void> offer_all(Codec& codec, Buffer& in, std::string_view bytes, Split split, std::string& output) {
  size_t size = split.first > 0 ? split.first : bytes.size();
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    size = split.step > 0 ? split.step : bytes.size();
    in.append(piece);
    HEDDLE_CHECK_OK(offer(codec, in, output));
  }
  return {};
}

// The events without the bodies of streams that were reset: how much of one was passed on before its fault was seen
// depends on how it was split, and may.
std::string events_of(const RecordedEvents& events) {
  std::set<std::string_view> broken;
  for (const std::string& line : events.lines()) {
    if (line.starts_with("reset ")) broken.insert(split(line, ' ')[1]);
  }
  std::string out;
  for (const std::string& line : events.lines()) {
    bool is_body = line.starts_with("data ") && broken.contains(split(line, ' ')[1]);
    if (!is_body) out.append(line).append("\n");
  }
  return out;
}
}  // namespace

std::string frames_of(std::string_view records) {
  std::string out;
  while (records.size() >= 4) {
    auto byte = [records](size_t i) { return static_cast<uint8_t>(records[i]); };
    std::string_view payload = records.substr(4, byte(3));
    out += h2::frame(byte(0), byte(1), byte(2), payload);
    records.remove_prefix(4 + payload.size());
  }
  return out;
}

Http2Outcome drive(Codec& codec, BlockPool& pool, RecordedEvents& events, std::string_view bytes, Split split) {
  Http2Outcome out;
  out.output = produced(codec, pool);
  Buffer in(pool);
  Result<void> result = offer_all(codec, in, bytes, split, out.output);
  if (result) out.output += produced(codec, pool);
  if (result && codec.failure() != nullptr) result = *codec.failure();
  if (!result) {
    out.failure = str_cat(info(result.error().reason).name, " ", codec.abuse_kind());
    if (auto* server = dynamic_cast<ServerCodec*>(&codec)) server->fail(result.error());
    out.output += produced(codec, pool);
    expect(codec.finished(), "a connection that failed is finished once it has said so", out.failure);
    expect(!codec.wants_read() && !codec.reusable(), "a connection that failed takes nothing more", out.failure);
  }
  out.events = events_of(events);
  return out;
}

void expect_frames(const Http2Outcome& outcome) {
  constexpr size_t kMaxFrame = 16384;
  std::string_view rest = outcome.output;
  uint8_t last = h2::kSettings;
  for (const h2::Frame& frame : h2::parse(outcome.output)) {
    size_t length = h2::read_u32(std::string(1, '\0') + std::string(rest.substr(0, 3)));
    expect(length == frame.payload.size() && length <= kMaxFrame, "frames are whole and at most 16 KiB");
    rest.remove_prefix(std::min(rest.size(), 9 + length));
    last = frame.type;
  }
  expect(rest.empty(), "nothing but frames is sent");
  expect(outcome.failure.empty() || last == h2::kGoAway, "a connection that failed says GOAWAY, and nothing after it",
         outcome.failure);
}

void expect_quiet_after_reset(const RecordedEvents& events) {
  std::set<std::string> ended;
  for (const std::string& line : events.lines()) {
    std::vector<std::string_view> words = split(line, ' ');
    if (words.size() < 2 || words[0] == "go_away") continue;
    std::string id(words[1]);
    expect(!ended.contains(id), "nothing is said about a stream after its reset", events.text());
    if (words[0] == "reset") ended.insert(id);
  }
}
}  // namespace heddle::fuzz
