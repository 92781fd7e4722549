// The messages of a gRPC stream, cut from its bytes, and the text of its status.
#include "lib/rpc/grpc_message.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
constexpr size_t kMaxMessage = 4096;

// The messages, framed again; the last word is what became of the rest.
std::string messages_of(std::string_view bytes, Split split) {
  BlockPool pool;
  Buffer in(pool);
  Buffer out(pool);
  GrpcMessageReader reader(kMaxMessage);
  size_t size = split.first > 0 ? split.first : bytes.size();
  while (!bytes.empty()) {
    in.append(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
    size = split.step > 0 ? split.step : bytes.size();
    Result<void> fed = reader.feed(in, [&out](std::string_view message) {
      expect(message.size() <= kMaxMessage, "a message keeps its limit");
      append_grpc_message(out, message);
    });
    if (!fed) return out.to_string() + "refused " + fed.error().text();
  }
  return out.to_string() + (reader.has_rest() ? "rest" : "end");
}
}  // namespace

HEDDLE_FUZZ_TARGET(grpc_message, input) {
  std::string whole = messages_of(input, {});
  for (Split split : splits_of(input)) expect_same(messages_of(input, split), whole, "messages depend on no split");
  if (whole.ends_with("end")) {
    expect_same(std::string_view(whole).substr(0, whole.size() - 3), input, "framing them again is the identity");
  }
  std::string encoded = encode_grpc_text(input);
  for (char c : encoded) expect(c >= ' ' && c <= '~', "a field can carry the text", encoded);
  expect_same(decode_grpc_text(encoded), input.substr(0, kMaxGrpcText), "the text survives");
  expect(decode_grpc_text(input).size() <= kMaxGrpcText, "the text of a peer is bounded");
}
}  // namespace heddle::fuzz
