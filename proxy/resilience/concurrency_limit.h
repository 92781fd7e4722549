// ConcurrencyLimit: how many requests an application takes at once, found from how long its answers take. Where more
// work comes than it can do, what is above the limit is refused at once, and what is let in is answered in time.
//
// The usual time of an answer ("base") is learned while there is room: a window whose requests never used more than
// half of the limit moves it. A window that used more is judged: the median of its answers may be half as long again as
// base; what is beyond that takes from the limit, in the same part, never more than half of it. Each time the root of
// the limit is added: room for a queue, and how it grows when the application can do more. Who is never busy never has
// a smaller limit than at the start, and is never refused.
// While it is busy all the time, base would age: then, once in kRemeasure, the limit is a quarter for some answers,
// which say what base is now. The time of that is the clock's, shifted by `phase`: the workers of a process do it
// together, else those that do not would fill the queue that the others want to see empty; processes do not.
//
// Only answers to requests that began in the window count, so that a cut is not repeated for what it has not reached
// yet. Not thread-safe: one per worker and listener, with its part of the range (Range::share, rounded up, as circuit
// breakers divide theirs); each worker finds its own limit by its own answers. Time is a parameter. Pure.
#pragma once
#include <array>
#include <cstdint>

#include "lib/base/clock.h"

namespace heddle {
struct ConcurrencyRange {
  uint32_t min = 3;
  uint32_t max = 1000;
  uint32_t start = 100;  // before anything is known; within min and max
  // Of one of `workers` loops.
  ConcurrencyRange share(uint32_t workers) const noexcept;
  bool operator==(const ConcurrencyRange&) const = default;
};

class ConcurrencyLimit {
 public:
  static constexpr Duration kWindow = std::chrono::milliseconds(100);  // at least; and twice base
  static constexpr size_t kWindowAnswers = 16;                         // at least
  static constexpr size_t kMostSamples = 128;                          // of a window: the latest
  static constexpr Duration kRemeasure = std::chrono::seconds(30);
  static constexpr size_t kRemeasureAnswers = 32;          // enough
  static constexpr size_t kFewestAnswers = 8;              // with fewer base stays what it was
  static constexpr double kTolerance = 1.5;                // times base: what is no sign of a queue
  static constexpr uint32_t kFirstMeasureLimit = 3;        // at the first sign of overload, with nothing known
  static constexpr Duration kShortest = Duration(10'000);  // what is faster counts as this

  // Of one request that was let in.
  struct Ticket {
    MonoTime since;  // when the application had all of it: moved by the owner while its body comes
    uint32_t window = 0;
  };
  enum class Ending : uint8_t {
    kAnswered,
    kFailed,  // by an error or given up: tells something only if it took long
  };

  explicit ConcurrencyLimit(ConcurrencyRange range = {}, Duration phase = {});
  // What was learned stays, as far as it is within the range.
  void set_range(ConcurrencyRange) noexcept;

  // The limit now. A measurement that waits for answers ends here, too.
  uint32_t limit(MonoTime now) noexcept;
  Ticket begin(MonoTime now) noexcept;  // one is let in, whatever the limit
  void refuse() noexcept { is_busy_ = was_refused_ = true; }
  void end(const Ticket&, Ending, MonoTime now) noexcept;

  uint32_t last_limit() const noexcept { return whole_limit(); }  // without asking the clock
  uint32_t in_flight() const noexcept { return in_flight_; }
  uint32_t max() const noexcept { return range_.max; }
  Duration base() const noexcept { return base_; }  // zero: nothing is known yet
  bool is_measuring() const noexcept { return mode_ != Mode::kNormal; }

 private:
  enum class Mode : uint8_t { kNormal, kEmptying, kMeasuring };
  void begin_window(MonoTime now) noexcept;
  void begin_measuring(uint32_t limit, MonoTime now) noexcept;
  void end_measuring(MonoTime now) noexcept;
  void pass_time(MonoTime now) noexcept;
  bool tells(Ending, Duration took) const noexcept;
  void take(Duration took, MonoTime now) noexcept;
  void judge_window(MonoTime now) noexcept;
  void adjust(Duration median) noexcept;
  void move_base(Duration to, double weight) noexcept;
  Duration median() noexcept;
  uint32_t whole_limit() const noexcept;
  int64_t slot_of(MonoTime now) const noexcept { return (now.since_epoch() + phase_) / kRemeasure; }

  ConcurrencyRange range_;
  Duration phase_;
  double limit_;
  Duration base_{};
  uint32_t in_flight_ = 0;
  uint32_t window_ = 0;
  MonoTime window_began_;
  bool is_busy_ = false;      // more than half of the limit was used in this window
  bool was_refused_ = false;  // and more than that was asked for
  Mode mode_ = Mode::kNormal;
  uint32_t measure_limit_ = 0;
  Duration patience_{};     // of each part of a measurement
  int64_t known_slot_ = 0;  // of kRemeasure, in which base was learned last
  size_t taken_ = 0;
  std::array<Duration, kMostSamples> samples_{};
};
}  // namespace heddle
