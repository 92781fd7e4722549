// The lines of the watch stream, cut and decoded. First byte: 0 what a sidecar says, 1 what the control plane says.
// Then the bytes of the stream.
#include "lib/api/watch_messages.h"
#include "lib/rpc/line_stream.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
constexpr size_t kMaxLine = 4096;

// The lines, each with a line feed; the last word is what became of the rest.
std::string lines_of(std::string_view bytes, Split split) {
  BlockPool pool;
  Buffer in(pool);
  LineSplitter splitter(kMaxLine);
  std::string out;
  size_t size = split.first > 0 ? split.first : bytes.size();
  while (!bytes.empty()) {
    in.append(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
    size = split.step > 0 ? split.step : bytes.size();
    Result<void> fed = splitter.feed(in, [&out](std::string_view line) {
      expect(line.size() <= kMaxLine, "a line keeps its limit");
      out.append(line).append("\n");
    });
    if (!fed) return out + "too long";
  }
  return out + (splitter.has_rest() ? "rest" : "end");
}

template <class Message>
void expect_round_trip(std::string_view line, Result<Message> (*decode)(std::string_view)) {
  Result<Message> message = decode(line);
  if (!message) {
    Reason reason = message.error().reason;
    return expect(reason == Reason::kBadRequest || reason == Reason::kTooLarge, "a refusal is the sender's fault",
                  message.error().text());
  }
  std::string encoded = encode(*message);
  expect(encoded.find('\n') == encoded.size() - 1, "a message is one line", encoded);
  encoded.pop_back();
  Result<Message> again = decode(encoded);
  expect(again && *again == *message, "a message that was understood is understood when it is said again", encoded);
}
}  // namespace

HEDDLE_FUZZ_TARGET(watch_lines, input) {
  bool from_sidecar = take_choice(input, 2) == 0;
  std::string whole = lines_of(input, {});
  for (Split split : splits_of(input)) expect_same(lines_of(input, split), whole, "lines depend on no split");
  BlockPool pool;
  Buffer in(pool, input);
  (void)LineSplitter(kMaxLine).feed(in, [from_sidecar](std::string_view line) {
    if (from_sidecar) return expect_round_trip<SidecarMessage>(line, decode_sidecar_message);
    expect_round_trip<ControlMessage>(line, decode_control_message);
  });
}
}  // namespace heddle::fuzz
