// Http2Stream: what the codec keeps of one stream; Http2Streams: all of a connection's, found by the id the user knows.
// Streams live in the worker's Http2Memory from the head block (server) or open() (client) until nghttp2 closes them.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/intrusive_list.h"
#include "lib/base/strong_id.h"
#include "lib/http/head.h"
#include "lib/http/http2_memory.h"

namespace heddle {
struct AllStreamsTag;
struct DrainedTag;

struct Http2Stream : ListNode<Http2Stream, AllStreamsTag>, ListNode<Http2Stream, DrainedTag> {
  Http2Stream(StreamId user_id, BlockPool& pool) : id(user_id), out(pool) {}

  StreamId id;
  int32_t wire_id = 0;  // 0: not handed to nghttp2 yet (waits for the peer's SETTINGS)
  Http2Stream* next_in_bucket = nullptr;
  MonoTime opened{};
  Buffer out;                         // body towards the peer
  std::optional<HeaderMap> trailers;  // follow `out`
  std::optional<RequestHead> waiting;
  std::optional<uint64_t> declared;  // content-length of our message
  uint64_t queued = 0;               // body bytes given to send_data
  std::optional<uint64_t> expected;  // body bytes the peer's message must have
  uint64_t received = 0;             // and has so far
  size_t uncredited = 0;             // received, not yet credited
  size_t head_bytes = 0;             // heads of ours that wait to be sent
  int informational = 0;             // 1xx seen (client) or sent (server)

  // RFC 9113 §8.1.1: a content-length that differs from the body makes the message malformed.
  bool is_overlong() const noexcept { return expected && received > *expected; }
  bool is_whole() const noexcept { return !expected || received == *expected; }

  bool ended_for_user = false;  // no upcall any more
  bool remote_ended = false;
  bool local_ended = false;      // the user gave the end; it may still be queued
  bool head_done = false;        // server: respond() was called; client: the final response head came
  bool sent = false;             // client: the request head left
  bool deferred = false;         // nghttp2 waits for resume_data
  bool full = false;             // send_data said kFull and on_drained is owed
  bool end_sent = false;         // our END_STREAM left
  bool reset_queued = false;     // our RST_STREAM is on its way
  bool reset_after_end = false;  // RST_STREAM(NO_ERROR) once our end is sent (RFC 9113 §8.1)
  bool head_request = false;
  bool tunnel = false;  // extended CONNECT (RFC 8441)
  bool scored = false;  // its failure is in the abuse score already
};

class Http2Streams {
 public:
  Http2Streams(Http2Memory& memory, BlockPool& pool) : memory_(memory), pool_(pool) {}
  Http2Streams(const Http2Streams&) = delete;
  Http2Streams& operator=(const Http2Streams&) = delete;
  ~Http2Streams();

  Http2Stream& add(StreamId);
  Http2Stream* find(StreamId) const noexcept;
  void remove(Http2Stream&) noexcept;  // destroys it
  size_t size() const noexcept { return size_; }
  template <class F>
  void for_each(F&& f) {
    all_.for_each(f);
  }

 private:
  static constexpr size_t kBuckets = 64;  // ids go up by two: a hundred streams fill them evenly
  static size_t bucket_of(StreamId id) noexcept { return static_cast<size_t>(id.value() / 2) % kBuckets; }

  Http2Memory& memory_;
  BlockPool& pool_;
  IntrusiveList<Http2Stream, AllStreamsTag> all_;
  std::array<Http2Stream*, kBuckets> buckets_{};
  size_t size_ = 0;
};
}  // namespace heddle
