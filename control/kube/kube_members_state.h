// KubeMembersState: who the control planes of a mesh are. Each owns one Lease of coordination.k8s.io/v1 with the label
// heddle.dev/mesh, says in an annotation who it is, and renews it each `look`; all list these Leases as often. One is
// gone when its Lease is, or when its renewal was not seen to change for leaseDurationSeconds: by our own monotonic
// clock, counted from when we saw it; nobody compares another machine's wall clock. Only the time between two answers
// counts as silence, and at most two looks of it: while the API server does not answer, or we are stopped, the
// others cannot be heard and are not silent. One that is gone comes back with its next renewal. A Lease that was silent
// for `forgotten` durations is removed, by whoever is first. Ours is made again when somebody deleted it.
// Pure: says what to ask next, and is told the answers. Limits: kMaxMembers, kMaxRecord; what is beyond
// them, or is no Lease of a member, counts for nothing and is named once.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/kube/kube_status.h"
#include "lib/base/clock.h"

namespace heddle {
// "heddle-<mesh>-<name>-<process>": a valid name of an object; mesh and name are DNS labels, process is hexadecimal.
std::string kube_member_lease(std::string_view mesh, std::string_view name, std::string_view process);

class KubeMembersState {
 public:
  static constexpr size_t kMaxMembers = 256;             // Leases of one mesh, with those that are gone
  static constexpr size_t kMaxRecord = 4096;             // bytes of what one says of itself
  static constexpr Duration kMostDuration = 300s;        // that a Lease may say; at least three looks
  static constexpr Duration kLeastBetweenLooks = 200ms;  // however often look_soon() is called
  struct Options {
    std::string namespace_name;
    std::string mesh;      // of the label
    std::string name;      // of our Lease: of this process and no other
    std::string record;    // what we say of ourselves
    Duration lease = 15s;  // whole seconds; more than three times `look`
    Duration look = 3s;    // between looks, and between renewals
    int forgotten = 20;    // durations of silence: it is removed
  };
  struct Member {
    std::string lease;   // its name
    std::string record;  // as it says; empty: too large
    int64_t order = 0;   // who came later has more
  };
  struct Problem {
    std::string lease;
    std::string text;
  };
  struct Removal {
    std::string lease;
    std::string body;  // DeleteOptions: of that one, as it was seen
  };
  explicit KubeMembersState(Options options) : options_(std::move(options)) {}

  // Our Lease: POST (creates()) or merge patch of body(); `wall` is for people alone.
  bool must_write(MonoTime now) const { return now >= write_at_; }
  bool creates() const noexcept { return !is_there_; }
  JsonValue body(WallTime wall) const;
  void on_written(MonoTime now, const KubeAnswer&);
  // Whether the API server said that it has it, and nothing else since.
  bool is_kept() const noexcept { return is_kept_; }
  const std::string& name() const noexcept { return options_.name; }

  // All Leases: GET with query(), sent at `sent`.
  bool must_look(MonoTime now) const { return now >= look_at_; }
  std::string query() const;
  // An error: it said nothing, and nothing has changed.
  Result<void> on_list(MonoTime sent, MonoTime now, const KubeAnswer&);
  // There may be another one.
  void look_soon(MonoTime now);
  // One that is long gone, to be deleted now. Whatever comes of it is seen at the next look.
  std::optional<Removal> take_removal();

  MonoTime wake_at() const { return std::min(write_at_, look_at_); }

  // There was an answer; what is known stays while there is none.
  bool is_loaded() const noexcept { return is_loaded_; }
  // Who is there but us.
  std::vector<Member> members() const;
  // What counts for nothing, each once.
  std::vector<Problem> take_problems() { return std::exchange(problems_, {}); }
  // Leases that are known, gone ones too.
  size_t size() const noexcept { return leases_.size(); }

 private:
  struct Lease {
    std::string uid;
    std::string version;
    std::string renewal;
    std::string record;
    std::string created;
    Duration duration{};
    uint64_t since = 0;  // the look that saw it first
    Duration silent{};
    bool is_listed = true;
    bool is_gone() const { return silent >= duration; }
  };
  Result<Lease> read(const JsonValue& object) const;
  void see(const std::string& name, Lease, Duration passed);
  void take_items(const JsonValue& list, Duration passed);
  void refuse(const std::string& name, std::string text);
  void look_later(MonoTime now) { look_at_ = now + options_.look; }

  Options options_;
  bool is_there_ = false;  // ours, or so it seems
  bool is_kept_ = false;
  MonoTime write_at_;
  MonoTime look_at_;
  std::optional<MonoTime> looked_at_;  // of the last answer
  uint64_t looks_ = 0;
  bool is_loaded_ = false;
  std::map<std::string, Lease> leases_;  // of others
  std::map<std::string, Removal> removals_;
  std::set<std::string> refused_;  // named already
  std::vector<Problem> problems_;
};
}  // namespace heddle
