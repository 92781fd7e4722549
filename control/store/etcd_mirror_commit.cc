#include "control/store/etcd_mirror_commit.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kResend = 200ms;
constexpr size_t kOverhead = 64;  // bytes of an operation beside keys and value

std::optional<Error> conflict_in(const std::vector<std::string>& keys) {
  if (keys.empty()) return std::nullopt;
  return make_error(Reason::kConflict, str_cat("another control plane changed ", keys.front(), " first"));
}
}  // namespace

std::string etcd_mark(std::string_view process, uint64_t attempt, WallTime now) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.since_epoch()).count();
  return str_cat(process, "-", std::to_string(attempt), " ", std::to_string(seconds));
}

std::optional<WallTime> etcd_mark_time(std::string_view mark) {
  size_t space = mark.find(' ');
  if (space == mark.npos) return std::nullopt;
  std::optional<int64_t> seconds = parse_int<int64_t>(mark.substr(space + 1));
  constexpr int64_t kMax = INT64_MAX / 1'000'000'000;
  if (!seconds || *seconds < 0 || *seconds > kMax) return std::nullopt;
  return WallTime(std::chrono::seconds(*seconds));
}

std::string EtcdMirror::mark_key(const Mark& mark) const {
  return str_cat(".by/", id_, "/", std::to_string(mark.number));
}

EtcdMirror::Mark EtcdMirror::take_mark() {
  if (free_marks_.empty()) return {marks_++, 0};
  Mark mark = free_marks_.back().mark;
  free_marks_.pop_back();
  return mark;
}

void EtcdMirror::free_mark(const Mark& mark) { free_marks_.push_back({mark, client_.loop().now()}); }

// What a burst needed is not kept for ever. One that was used a moment ago rests: a late copy of the request that made
// it would find it gone, as it was then.
void EtcdMirror::take_spare_marks(Commit& commit) {
  MonoTime now = client_.loop().now();
  while (free_marks_.size() > kMaxFreeMarks && commit.erases.size() < kMaxErased) {
    const FreeMark& oldest = free_marks_.front();
    if (now < oldest.since + options_.rest) return;
    if (oldest.mark.revision != 0) commit.erases.push_back(oldest);
    free_marks_.pop_front();
  }
}

Result<void> EtcdMirror::check(const std::vector<Change>& changes) const {
  if (!stuck_.empty()) return make_error(Reason::kUnavailable, stuck_);
  if (changes.size() > kMaxChanges) {
    return make_error(Reason::kTooLarge, str_cat("a change of ", std::to_string(changes.size()),
                                                 " records, the limit is ", std::to_string(kMaxChanges)));
  }
  size_t bytes = 0;
  size_t after = records().size();
  for (const Change& change : changes) {
    if (change.value && find(change.key) == nullptr) ++after;
    HEDDLE_CHECK(!change.key.empty() && change.key.front() != '.');
    bytes += 3 * (options_.prefix.size() + change.key.size() + kOverhead) + (change.value ? change.value->size() : 0);
    if (keys_.contains(change.key)) {
      return make_error(Reason::kConflict, str_cat("another change of ", change.key, " is under way"));
    }
  }
  if (after > kMaxRecords && after > records().size()) {
    return make_error(Reason::kTooLarge, str_cat("etcd holds ", std::to_string(records().size()), " records below ",
                                                 options_.prefix, ", the limit is ", std::to_string(kMaxRecords)));
  }
  if (bytes > kMaxBytes) {
    return make_error(Reason::kTooLarge, str_cat("a change of ", std::to_string(bytes), " bytes, the limit in etcd is ",
                                                 std::to_string(kMaxBytes)));
  }
  return {};
}

Pending EtcdMirror::commit(std::vector<Change> changes, Done done) {
  HEDDLE_CHECK(observer_ != nullptr);
  auto commit = std::make_shared<Commit>();
  Result<void> checked = check(changes);
  if (!checked) commit->refused = checked.error();
  commit->changes = std::move(changes);
  commit->done = std::move(done);
  commit->since = client_.loop().now();
  Commit* started = commit.get();
  commit->at = commits_.insert(commits_.end(), commit);
  bool is_over = commit->refused.has_value() || commit->changes.empty();
  commit->timer = client_.loop().timer([this, started, is_over] {
    if (!is_over) return send(*started);
    finish(*started, started->refused ? Result<void>(*started->refused) : Result<void>());
  });
  if (is_over) {
    commit->timer->arm(Duration(0));
  } else {
    for (const Change& change : commit->changes) {
      commit->expected.push_back(state_.revision_of(change.key));
      keys_.insert(change.key);
    }
    take_spare_marks(*commit);
    prepare(*commit);
    send(*commit);
  }
  return std::make_unique<Commit::Token>(std::move(commit));
}

// What is sent, however often.
void EtcdMirror::prepare(Commit& commit) {
  by_mark_.erase(commit.mark_value);
  commit.mark = take_mark();
  commit.mark_value = etcd_mark(id_, ++attempts_, client_.loop().wall());
  by_mark_.emplace(commit.mark_value, &commit);
  EtcdTransaction out;
  auto is_at = [&out](std::string key, int64_t revision) {
    out.compare.push_back({EtcdCompare::Target::kModRevision, std::move(key), EtcdCompare::Is::kEqual, revision});
  };
  for (size_t i = 0; i < commit.changes.size(); ++i) {
    const Change& change = commit.changes[i];
    std::string key = path(change.key);
    is_at(key, commit.expected[i]);
    if (change.value) out.success.push_back(EtcdPut{key, *change.value});
    if (!change.value) out.success.push_back(EtcdDelete{key});
    out.failure.push_back(EtcdRange{key});
  }
  std::string mark = path(mark_key(commit.mark));
  is_at(mark, commit.mark.revision);
  out.success.push_back(EtcdPut{mark, commit.mark_value});
  out.success.push_back(EtcdPut{path(kEtcdMirrorLast), commit.mark_value});
  out.failure.push_back(EtcdRange{mark});
  for (const FreeMark& spare : commit.erases) out.success.push_back(EtcdDelete{path(mark_key(spare.mark))});
  commit.transaction = std::move(out);
}

void EtcdMirror::send(Commit& commit) {
  commit.call = client_.transact(commit.transaction, [this, &commit](Result<EtcdTransactionAnswer> answer) {
    on_answer(commit, std::move(answer));
  });
}

void EtcdMirror::on_answer(Commit& commit, Result<EtcdTransactionAnswer> answer) {
  if (!answer) return on_unanswered(commit, std::move(answer).error());
  is_reachable();
  if (answer->succeeded) return on_kept(commit, answer->header.revision);
  on_compare_failed(commit, *answer);
}

// Its mark is not used again: the change may come through yet.
void EtcdMirror::on_unanswered(Commit& commit, Error why) {
  bool is_refused = why.reason != Reason::kUnavailable;
  if (is_refused && !commit.may_be_kept) return finish(commit, std::move(why));
  commit.may_be_kept = true;
  if (!is_refused) is_unreachable(why);
  if (!is_refused && client_.loop().now() < commit.since + options_.patience) return commit.timer->arm(kResend);
  finish(commit, make_error(Reason::kUnavailable,
                            str_cat("etcd did not confirm the change of ", commit.changes.front().key,
                                    " (no quorum, or out of reach); it may yet have been kept: ", why.detail)));
}

void EtcdMirror::on_compare_failed(Commit& commit, const EtcdTransactionAnswer& answer) {
  size_t count = commit.changes.size();
  if (answer.answers.size() != count + 1) {
    return finish(commit, make_error(Reason::kUpstreamProtocolError, "etcd did not answer what the keys hold"));
  }
  auto record_of = [&answer](size_t i) -> std::optional<EtcdMirrorRecord> {
    const EtcdRangeAnswer& range = answer.answers[i];
    if (range.found.empty()) return std::nullopt;
    return EtcdMirrorRecord{range.found.front().value, range.found.front().mod_revision};
  };
  std::optional<EtcdMirrorRecord> mark = record_of(count);
  // An earlier try of ours came through, and its answer was lost.
  if (mark && mark->value == commit.mark_value) return on_kept(commit, mark->revision);
  EtcdMirrorState::Keys changed;
  std::vector<std::string> others;
  for (size_t i = 0; i < count; ++i) {
    const std::string& key = commit.changes[i].key;
    std::optional<EtcdMirrorRecord> record = record_of(i);
    if ((record ? record->revision : 0) != commit.expected[i]) others.push_back(key);
    if (state_.on_read(key, std::move(record), answer.header.revision)) changed.push_back(key);
  }
  tell(std::move(changed));
  std::optional<Error> conflict = conflict_in(others);
  if (conflict) {
    free_mark(commit.mark);
    free_marks_.insert(free_marks_.begin(), commit.erases.begin(), commit.erases.end());
    return finish(commit, *std::move(conflict));
  }
  // Only the mark is not as it was: it was taken for one that was left behind.
  prepare(commit);
  send(commit);
}

void EtcdMirror::on_kept(Commit& commit, int64_t revision) {
  for (const Change& change : commit.changes) state_.on_changed({change.key, change.value, revision});
  commit.mark.revision = revision;
  free_mark(commit.mark);
  finish(commit, {});
}

// A `done` may end this mirror: it is the last thing that is done.
void EtcdMirror::finish(Commit& commit, Result<void> result) {
  CommitPtr over = std::move(*commit.at);
  commits_.erase(over->at);
  by_mark_.erase(over->mark_value);
  if (!over->refused) {
    for (const Change& change : over->changes) keys_.erase(change.key);
  }
  Pending call = std::move(over->call);
  std::unique_ptr<Timer> timer = std::move(over->timer);
  if (Done done = std::move(over->done)) done(std::move(result));
}
}  // namespace heddle
