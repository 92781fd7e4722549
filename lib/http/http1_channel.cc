#include "lib/http/http1_channel.h"

#include <algorithm>
#include <utility>

namespace heddle {

Http1Channel::Http1Channel(BlockPool& pool, const HttpLimits& limits, CodecEvents& events, Http1Section trailers)
    : pool_(pool), limits_(limits), events_(events), out_(pool), decoder_(limits, trailers), trailers_(pool) {}

StreamId Http1Channel::open_stream() {
  id_ = StreamId(id_.value() + 1);
  open_ = true;
  send_ended_ = receiving_ = receive_ended_ = tunnel_ = full_ = produced_any_ = false;
  uncredited_ = 0;
  return id_;
}

void Http1Channel::abandon() noexcept {
  open_ = receiving_ = tunnel_ = false;
  send_ended_ = receive_ended_ = true;
  uncredited_ = 0;
  trailers_ = HeaderMap(pool_);
}

void Http1Channel::close_when_over() noexcept {
  if (!send_ended_ || !receive_ended_) return;
  open_ = false;
  uncredited_ = 0;
}

void Http1Channel::break_off() noexcept {
  broken_ = true;
  abandon();
}

Flow Http1Channel::send(Buffer&& data) {
  if (!encoder_.write(std::move(data), out_)) break_off();
  return flow(0);
}

Flow Http1Channel::flow(size_t queued_elsewhere) noexcept {
  if (out_.size() + queued_elsewhere <= limits_.stream_high_mark) return Flow::kOpen;
  full_ = true;
  return Flow::kFull;
}

void Http1Channel::end_send(const HeaderMap* trailers) {
  if (!encoder_.finish(out_, trailers)) return break_off();
  send_ended_ = true;
  close_when_over();
}

size_t Http1Channel::produce(Buffer& out, size_t budget) {
  size_t moved = 0;
  while (moved < budget && !out_.empty()) {
    size_t n = std::min(budget - moved, out_.size());
    if (n == out_.size()) {
      out.append(std::move(out_));
    } else {
      out.append(out_.take(n));
    }
    moved += n;
    produced_any_ = true;
    bool drained = full_ && out_.size() <= limits_.stream_high_mark / 2;
    if (!drained) continue;
    full_ = false;
    if (open_ && !send_ended_) events_.on_drained(id_);
  }
  return moved;
}

void Http1Channel::begin_receive(const Http1BodyPlan& plan) noexcept {
  decoder_.begin(plan);
  receiving_ = plan.kind != Http1BodyPlan::Kind::kNone;
  if (!receiving_) end_receive();
}

void Http1Channel::begin_tunnel() noexcept {
  tunnel_ = receiving_ = true;
  decoder_.begin({Http1BodyPlan::Kind::kUntilClose, 0});
  encoder_.begin(Http1BodyEncoder::Framing::kRaw, 0);
}

Http1Step Http1Channel::receive_body(Buffer& in, bool& more_follows) {
  Buffer data(pool_);
  Http1Step step = decoder_.read(in, data, trailers_);
  bool done = step == Http1Step::kDone;
  if (done && !in.empty()) more_follows = true;
  bool with_trailers = done && !trailers_.empty();
  uncredited_ += data.size();
  StreamId id = id_;
  if (done && !with_trailers) end_receive();
  if (!data.empty() || (done && !with_trailers)) events_.on_data(id, std::move(data), done && !with_trailers);
  if (!with_trailers || !is_current(id)) return step;
  end_receive();
  events_.on_trailers(id, std::exchange(trailers_, HeaderMap(pool_)));
  return step;
}

void Http1Channel::end_receive() noexcept {
  receiving_ = false;
  receive_ended_ = true;
  close_when_over();
}

void Http1Channel::deliver_end() {
  StreamId id = id_;
  end_receive();
  events_.on_data(id, Buffer(pool_), true);
}
}  // namespace heddle
