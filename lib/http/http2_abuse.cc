#include "lib/http/http2_abuse.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <limits>

namespace heddle {
namespace {
constexpr size_t index_of(H2Abuse what) { return static_cast<size_t>(what); }
constexpr auto kKinds = index_of(H2Abuse::kCount);
constexpr std::array<std::string_view, kKinds> kNames = {
    "protocol-error", "invalid-head",    "head-too-large", "refused-stream", "empty-data",
    "priority",       "unknown-frame",   "control-frames", "window-update",  "continuation",
    "rapid-reset",    "premature-reset", "informational",  "unsent-answers"};
// Rule 2.3. What is judged by a bucket or a count of its own weighs nothing here.
constexpr std::array<double, kKinds> kWeights = {1, 1, 1, 1, 1, 0.1, 0.1, 0.5, 0.1, 0, 0, 0, 0.1, 0};

constexpr double kDecaySeconds = 10;
constexpr double kWindDownAt = 0.75;  // of the closing score
constexpr double kControlBurst = 100;
constexpr double kControlPerSecond = 100;
// Rule 2.4 (Envoy's numbers). Counts are halved at kStreamsRemembered, so that an old history does not excuse.
constexpr uint32_t kPrematureFrom = 500;
constexpr Duration kPrematureAge = 1s;
constexpr uint32_t kStreamsRemembered = 10000;
// Envoy's formula: 5 + 2 x (streams + 10 x DATA frames sent).
constexpr int64_t kWindowUpdatesFree = 5;
constexpr int64_t kWindowUpdatesPerStream = 2;
constexpr int64_t kWindowUpdatesPerData = 20;
constexpr int64_t kPrioritiesFree = 100;
constexpr int64_t kPrioritiesPerStream = 2;
constexpr int64_t kMostAllowed = 100000;  // allowances do not pile up without end

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
}  // namespace

std::string_view to_text(H2Abuse what) noexcept { return kNames[index_of(what)]; }

Http2Abuse::Http2Abuse(const HttpLimits& limits)
    : limits_(limits),
      resets_{static_cast<double>(limits.reset_burst), static_cast<double>(limits.reset_burst),
              static_cast<double>(limits.reset_rate)},
      control_{kControlBurst, kControlBurst, kControlPerSecond},
      window_updates_allowed_(kWindowUpdatesFree),
      priorities_allowed_(kPrioritiesFree) {}

bool Http2Abuse::Bucket::take(MonoTime now) noexcept {
  if (now > last) {
    tokens = std::min(burst, tokens + per_second * seconds(now - last));
    last = now;
  }
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

double Http2Abuse::score_at(MonoTime now) const noexcept {
  double decayed = limits_.abuse_score / kDecaySeconds * seconds(std::max(now, scored_at_) - scored_at_);
  return std::max(0.0, score_ - decayed);
}

void Http2Abuse::count(H2Abuse what) noexcept {
  uint32_t& cell = counts_[index_of(what)];
  if (cell < std::numeric_limits<uint32_t>::max()) ++cell;
}

void Http2Abuse::close(H2Abuse what) noexcept {
  if (verdict_ == Verdict::kClose) return;
  verdict_ = Verdict::kClose;
  closed_for_ = what;
}

void Http2Abuse::score(H2Abuse what, MonoTime now) {
  count(what);
  score_ = score_at(now) + kWeights[index_of(what)];
  scored_at_ = std::max(now, scored_at_);
  constexpr double kRounding = 1e-6;  // a thousand times 0.1 is a hair less than 100
  if (score_ + kRounding >= limits_.abuse_score) {
    close(what);
  } else if (score_ >= limits_.abuse_score * kWindDownAt && verdict_ == Verdict::kFine) {
    verdict_ = Verdict::kWindDown;
  }
}

void Http2Abuse::condemn(H2Abuse what) noexcept {
  count(what);
  close(what);
}

void Http2Abuse::spend(int64_t& allowance, H2Abuse what, MonoTime now) {
  if (allowance > 0) {
    --allowance;
  } else {
    score(what, now);
  }
}

void Http2Abuse::on_control(const Http2FrameHeader& frame, MonoTime now) {
  bool acknowledges = frame.type == NGHTTP2_SETTINGS && (frame.flags & NGHTTP2_FLAG_ACK) != 0;
  if (acknowledges) return;  // nghttp2 refuses those it did not wait for
  bool free_ping = frame.type == NGHTTP2_PING && data_since_ping_;
  if (free_ping) {
    data_since_ping_ = false;
    return;
  }
  score(H2Abuse::kControlFrames, now);
  if (!control_.take(now)) close(H2Abuse::kControlFrames);
}

void Http2Abuse::on_frame(const Http2FrameHeader& frame, MonoTime now) {
  switch (frame.type) {
    case NGHTTP2_DATA:
      if (frame.length > 0) data_since_ping_ = true;
      if (frame.length == 0 && (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0) score(H2Abuse::kEmptyData, now);
      return;
    case NGHTTP2_HEADERS:
      continuations_ = 0;
      return;
    case NGHTTP2_CONTINUATION:
      if (++continuations_ <= limits_.continuations) return;
      return condemn(H2Abuse::kContinuation);
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return on_control(frame, now);
    case NGHTTP2_WINDOW_UPDATE:
      return spend(window_updates_allowed_, H2Abuse::kWindowUpdate, now);
    case NGHTTP2_PRIORITY:
      return spend(priorities_allowed_, H2Abuse::kPriority, now);
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_PUSH_PROMISE:
      return;  // resets are judged with their stream; nghttp2 refuses pushes
    default:
      return spend(priorities_allowed_, H2Abuse::kUnknownFrame, now);
  }
}

void Http2Abuse::on_data_sent() noexcept {
  data_since_ping_ = true;
  window_updates_allowed_ = std::min(kMostAllowed, window_updates_allowed_ + kWindowUpdatesPerData);
}

void Http2Abuse::on_stream_opened() noexcept {
  if (++streams_ >= kStreamsRemembered) {
    streams_ /= 2;
    premature_ /= 2;
  }
  window_updates_allowed_ = std::min(kMostAllowed, window_updates_allowed_ + kWindowUpdatesPerStream);
  priorities_allowed_ = std::min(kMostAllowed, priorities_allowed_ + kPrioritiesPerStream);
}

void Http2Abuse::on_reset_received(std::optional<MonoTime> opened, MonoTime now) {
  if (!resets_.take(now)) condemn(H2Abuse::kRapidReset);
  if (!opened || now - *opened >= kPrematureAge) return;
  ++premature_;
  if (streams_ < kPrematureFrom || premature_ * 2 <= streams_) return;
  condemn(H2Abuse::kPrematureReset);
}
}  // namespace heddle
