// Recorder: the recording upstream of the suite. Reads requests with the strict reader, keeps them, and answers each at
// once with 200 and `ok`; `/answered/NNN` is answered with that status, `/answer/NNN` as soon as its head is there.
// What it cannot read strictly is a violation: the proxy sent something ambiguous. Threads of its own; every call is
// from any thread.
#pragma once
#include <condition_variable>
#include <mutex>

#include "tests/adversarial/strict_reader.h"
#include "tests/support/raw_origin.h"

namespace heddle::adversarial {
class Recorder {
 public:
  Recorder();
  const Address& address() const { return origin_.address(); }
  void clear();
  std::vector<Message> requests();      // complete ones, without canaries
  std::vector<std::string> partials();  // that ended before they were complete
  std::vector<std::string> violations();
  bool wait_idle();  // until no request is half read

 private:
  void serve(BlockingClient& peer);
  Reading::State take_requests(BlockingClient& peer, std::string& held, bool& answered);
  bool answer(BlockingClient& peer, const Message& request);
  void keep(Message request);
  void begin_reading();
  void end_reading(const std::string& left, std::string_view why);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> requests_;
  std::vector<std::string> partials_;
  std::vector<std::string> violations_;
  int half_read_ = 0;
  RawOrigin origin_;  // last: its threads use the others
};
}  // namespace heddle::adversarial
