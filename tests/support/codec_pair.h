// A server and a client codec of one protocol, wired back to back: what the codec contract runs on. A protocol joins
// the suite by adding its factory to the list in tests/contract/codec_contract_test.cc.
#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "tests/support/codec_harness.h"

namespace heddle {
struct CodecPair {
  std::unique_ptr<ServerCodec> server;
  std::unique_ptr<ClientCodec> client;
  std::function<void(Duration)> pass_time = [](Duration) {};  // for protocols that look at the clock
};

class CodecPairFactory {
 public:
  virtual ~CodecPairFactory() = default;
  virtual std::string_view name() const = 0;
  virtual CodecPair make(BlockPool&, const HttpLimits&, ServerEvents&, ClientEvents&) const = 0;
};
const CodecPairFactory& http1_pair();

// Carries bytes both ways until nothing moves, at most `budget` bytes per produce(). A side that does not want to read
// gets nothing; what a codec leaves is offered again.
class CodecLink {
 public:
  CodecLink(BlockPool& pool, CodecPair& pair) : pair_(pair), to_server_(pool), to_client_(pool) {}
  Result<void> run(size_t budget = 64 * 1024);
  size_t waiting_for_server() const { return to_server_.size(); }
  size_t waiting_for_client() const { return to_client_.size(); }

 private:
  CodecPair& pair_;
  Buffer to_server_;
  Buffer to_client_;
};
}  // namespace heddle
