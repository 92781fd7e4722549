// A commit of EtcdMirror that is under way; private to it. And the marks by which it is known again.
#pragma once
#include "control/store/etcd_mirror.h"

namespace heddle {
inline constexpr std::string_view kEtcdMirrorLast = ".last";

struct EtcdMirror::Commit {
  std::vector<Change> changes;
  std::vector<int64_t> expected;  // revision of each key
  Commits::iterator at;           // in commits_
  std::vector<FreeMark> erases;   // spare marks that go with it
  Mark mark;
  std::string mark_value;  // no two attempts of anybody have the same
  EtcdTransaction transaction;
  Done done;                     // empty: nobody waits any more
  std::optional<Error> refused;  // before it is sent
  MonoTime since;
  bool may_be_kept = false;  // a try was not answered
  Pending call;
  std::unique_ptr<Timer> timer;

  class Token final : public Operation {
   public:
    explicit Token(CommitPtr commit) : commit_(std::move(commit)) {}
    ~Token() override { commit_->done = nullptr; }

   private:
    CommitPtr commit_;
  };
};

// "<process>-<attempt> <seconds since 1970>".
std::string etcd_mark(std::string_view process, uint64_t attempt, WallTime now);
std::optional<WallTime> etcd_mark_time(std::string_view mark);
}  // namespace heddle
