// Http2Abuse: counts what a peer does that costs us more than it costs the peer, per connection (reliability rules R-2
// 2.2-2.5 and 2.9; CVE-2023-44487, CVE-2025-8671, CVE-2019-9511..9518, CVE-2024-28182). nghttp2 1.52 limits only a few
// of these by itself. Pure: time is handed in, nothing is closed here; the codec asks verdict() and acts.
//
// A score decays to zero in ten seconds. False positives cut off many callers at once, so ordinary traffic has
// allowances: pings next to data (BDP estimators), window updates per data frame, priorities per stream. Frames that
// were in flight when we reset their stream are never scored.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/clock.h"
#include "lib/http/http2_frame.h"
#include "lib/http/limits.h"

namespace heddle {
// Label `kind` of heddle_abuse_total.
enum class H2Abuse : uint8_t {
  kProtocolError,  // a stream we had to reset because of the peer
  kInvalidHead,    // malformed fields, or a request our own rules refuse
  kHeadTooLarge,
  kRefusedStream,  // beyond the stream limit
  kEmptyData,      // no payload and no end
  kPriority,
  kUnknownFrame,
  kControlFrames,  // PING and SETTINGS
  kWindowUpdate,   // more than the data sent can explain
  kContinuation,
  kRapidReset,
  kPrematureReset,  // most streams were reset within a second
  kInformational,
  kUnsentAnswers,  // nghttp2's own queue limit
  kCount
};
std::string_view to_text(H2Abuse) noexcept;

class Http2Abuse {
 public:
  // kWindDown: stop taking streams in good order. kClose: GOAWAY(ENHANCE_YOUR_CALM) now.
  enum class Verdict : uint8_t { kFine, kWindDown, kClose };
  using Counts = std::array<uint32_t, static_cast<size_t>(H2Abuse::kCount)>;

  explicit Http2Abuse(const HttpLimits& limits);

  void on_frame(const Http2FrameHeader&, MonoTime now);  // every frame the peer sends
  void on_data_sent() noexcept;                          // a DATA frame left
  void on_stream_opened() noexcept;
  // The peer reset a stream; `opened` is absent when the stream is gone already.
  void on_reset_received(std::optional<MonoTime> opened, MonoTime now);
  void score(H2Abuse, MonoTime now);
  void condemn(H2Abuse) noexcept;  // somebody else (nghttp2) has judged

  Verdict verdict() const noexcept { return verdict_; }
  std::optional<H2Abuse> closed_for() const noexcept { return closed_for_; }
  const Counts& counts() const noexcept { return counts_; }
  double score_at(MonoTime now) const noexcept;

 private:
  struct Bucket {
    double tokens = 0;
    double burst = 0;
    double per_second = 0;
    MonoTime last{};
    bool take(MonoTime now) noexcept;
  };
  void close(H2Abuse) noexcept;
  void count(H2Abuse) noexcept;
  void on_control(const Http2FrameHeader&, MonoTime now);
  void spend(int64_t& allowance, H2Abuse, MonoTime now);

  const HttpLimits& limits_;
  Counts counts_{};
  double score_ = 0;
  MonoTime scored_at_{};
  Verdict verdict_ = Verdict::kFine;
  std::optional<H2Abuse> closed_for_;
  Bucket resets_;
  Bucket control_;
  uint32_t continuations_ = 0;  // of the header block at hand
  bool data_since_ping_ = false;
  uint32_t streams_ = 0;
  uint32_t premature_ = 0;
  int64_t window_updates_allowed_;
  int64_t priorities_allowed_;
};
}  // namespace heddle
