// Leaving: when may a sidecar that is about to end stop taking requests? When the control plane says that everybody
// let go of it, at a deadline, or after a while where nobody can tell. Pure: its owner says what it hears and the time.
#pragma once
#include <optional>
#include <string>

#include "lib/api/watch_messages.h"

namespace heddle {
// How a wait ended.
enum class LeaveEnd : uint8_t {
  kAcknowledged,  // by every live sidecar that used it
  kDeadline,
  kBusy,     // the control plane looks after too many others
  kUnasked,  // there is no control plane to ask
  kUnheard,  // the control plane does not know the question
  kEnded,    // the process was told to end meanwhile
  kNotLeaving,
};
std::string_view to_text(LeaveEnd) noexcept;

struct LeaveOutcome {
  LeaveEnd end = LeaveEnd::kDeadline;
  uint64_t sidecars = 0;   // that used it
  uint64_t missing = 0;    // of these, not done
  bool is_listed = false;  // the newest version still named it
  bool was_told = false;   // the three above are known
  Duration waited{};
  // "released by 3 sidecars after 120ms".
  std::string text() const;
  std::string json() const;
};

class Leaving {
 public:
  // An answer comes at once where the question is known.
  static constexpr Duration kUnheardAfter = 3s;
  // `within`: the deadline. `blind`: how long to go on where nobody can tell.
  Leaving(MonoTime now, Duration within, Duration blind) : began_(now), deadline_(within), blind_(blind) {}

  void on_release(const WatchRelease& release) { told_ = release; }
  // `asks`: there is a control plane. `asked`: since when one has the question, on the stream that is open now.
  std::optional<LeaveOutcome> look(MonoTime now, bool asks, std::optional<MonoTime> asked) const;
  // "waits for 3 sidecars", for /readyz.
  std::string text() const;
  Duration within() const noexcept { return deadline_; }
  uint64_t missing() const noexcept { return told_ ? told_->missing : 0; }
  Duration waited(MonoTime now) const { return now - began_; }

 private:
  std::optional<LeaveEnd> judge(MonoTime now, bool asks, std::optional<MonoTime> asked) const;
  MonoTime began_;
  Duration deadline_;
  Duration blind_;
  std::optional<WatchRelease> told_;
};
}  // namespace heddle
