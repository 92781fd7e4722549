// Doubles for codec tests: they write down what a codec says, one line per event, and can answer. For HTTP/1 and
// HTTP/2 alike. Body bytes of neighbouring on_data events are joined, so that a transcript does not depend on how the
// bytes were split.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/http/codec.h"

namespace heddle {
enum class AutoCredit : uint8_t { kOff, kOn };

class RecordedEvents {
 public:
  // "request 1 GET http a /x HTTP/1.1 [cl=5] {name: value; ...}", "data 1 hello", "end 1", "trailers 1 {...}" ...
  const std::vector<std::string>& lines() const { return lines_; }
  std::string text() const;  // all lines, each with a line feed
  bool has(std::string_view line) const;
  size_t count_starting_with(std::string_view prefix) const;
  const std::string& body() const { return body_; }  // of all streams
  StreamId last_id() const { return last_id_; }
  void clear();
  AutoCredit auto_credit = AutoCredit::kOn;

 protected:
  void add(StreamId, std::string line);
  void add_data(StreamId, const Buffer&, bool end);
  std::vector<std::string> lines_;
  std::string body_;
  StreamId last_id_;
  StreamId open_data_;  // the last line is a data line of this stream
};

class RecordingServerEvents : public ServerEvents, public RecordedEvents {
 public:
  // Called after the event was written down; may answer.
  std::function<void(StreamId, const RequestHead&, bool end)> handler;
  std::function<void(StreamId, Buffer&&, bool end)> body_handler;
  ServerCodec* codec = nullptr;  // for auto credit

  void on_request(StreamId, RequestHead&&, bool end) override;
  void on_data(StreamId, Buffer&&, bool end) override;
  void on_trailers(StreamId, HeaderMap&&) override;
  void on_reset(StreamId, ResetCode) override;
  void on_drained(StreamId) override;
  void on_go_away(StreamId) override;
};

class RecordingClientEvents : public ClientEvents, public RecordedEvents {
 public:
  std::function<void(StreamId, const ResponseHead&, bool end)> handler;
  ClientCodec* codec = nullptr;

  void on_response(StreamId, ResponseHead&&, bool end) override;
  void on_informational(StreamId, ResponseHead&&) override;
  void on_data(StreamId, Buffer&&, bool end) override;
  void on_trailers(StreamId, HeaderMap&&) override;
  void on_reset(StreamId, ResetCode) override;
  void on_drained(StreamId) override;
  void on_go_away(StreamId) override;
};

std::string describe(const HeaderMap&);                             // "{a: b; c: d}"
std::string produced(Codec&, BlockPool&, size_t budget = 1 << 20);  // everything the codec has to say
// Heads for tests.
RequestHead make_request(BlockPool&, std::string_view method, std::string_view path, std::string_view authority = "a");

// How bytes are cut before they are fed.
struct Split {
  size_t first = 0;  // bytes of the first piece; 0: no cut
  size_t step = 0;   // then pieces of this size; 0: the rest at once
};
// Feeds `bytes` as a transport would: what the codec leaves is offered again with the next piece. The error, if any.
Result<void> feed(Codec&, BlockPool&, std::string_view bytes, Split split = {});
}  // namespace heddle
