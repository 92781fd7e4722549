// KubeWatchState: the list and watch of one resource (client-go's reflector): lists in pages, remembers the
// resourceVersion, watches from there, and lists anew only when the server no longer knows where we were. Pure: time is
// a parameter; it says what to ask next and is told the answers; what has changed is taken from it.
//
// Pages are read with consistency (no resourceVersion): the cheaper list of the watch cache (resourceVersion=0) may be
// older than what we told before, and servers ignore `limit` for it, so that one answer would hold everything.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/kube/kube_inventory.h"
#include "control/kube/kube_limits.h"
#include "control/kube/kube_status.h"
#include "lib/base/backoff.h"

namespace heddle {
class KubeWatchState {
 public:
  struct Selection {
    KubeResource resource;
    std::string namespace_name{};  // empty: all
    std::string label_selector{};  // "app=a,tier in (b,c)"
    std::string field_selector{};
  };
  enum class Step : uint8_t {
    kWait,   // until wake_at() or an answer
    kList,   // GET path()?query(), a page
    kWatch,  // GET path()?query(), a long answer
    kDrop,   // the watch was not opened in time, or has been silent for too long: end it
  };
  KubeWatchState(Random&, Selection);

  // What is due; it counts as begun.
  Step next(MonoTime now);
  std::optional<MonoTime> wake_at() const;
  std::string path() const { return what_.resource.path(what_.namespace_name); }
  const std::string& query() const noexcept { return query_; }  // of the last kList or kWatch

  // Answers.
  void on_page(MonoTime now, const KubeAnswer&);
  void on_opened(MonoTime now, const KubeAnswer&);  // only whether it is one of status 200
  void on_line(MonoTime now, std::string_view line);
  void on_closed(MonoTime now, const Error& why);  // kNone: in order

  // A watch that has been begun and not ended; otherwise its stream is of no use any more.
  bool is_watching() const noexcept { return phase_ == Phase::kOpening || phase_ == Phase::kWatching; }
  // The first list is complete.
  bool is_synced() const noexcept { return synced_; }
  // In order. Those of the first list come at once, when it is complete.
  std::vector<KubeChange> take_changes() { return std::exchange(changes_, {}); }
  // For metrics and status: lists begun after the first one; what went wrong last, if the last try did.
  uint64_t relists() const noexcept { return relists_; }
  const std::optional<Error>& trouble() const noexcept { return trouble_; }
  // When the server said anything about this resource last.
  MonoTime heard_at() const noexcept { return heard_at_; }
  size_t size() const noexcept { return inventory_.size(); }

 private:
  enum class Phase : uint8_t { kListDue, kListing, kWatchDue, kOpening, kWatching };
  std::string list_query() const;
  std::string watch_query();
  std::string selectors() const;
  Result<void> take_page(const JsonValue& page);
  Result<void> take_event(const JsonValue& event);
  void finish_list(const std::string& version);
  void on_silence(MonoTime now);
  void watch_again(MonoTime now, const KubeStatus& why);
  void list_again(MonoTime now, const Error& why, std::optional<Duration> retry_after = {});
  MonoTime later(MonoTime now, std::optional<Duration> at_least);
  void heard(MonoTime now);

  Random& random_;
  Selection what_;
  Backoff backoff_;
  Phase phase_ = Phase::kListDue;
  std::string query_;
  size_t page_ = kKubePage;
  std::string continue_;           // of the next page
  KubeInventory::Objects listed_;  // of the pages so far
  std::string version_;            // the watch goes on from here
  KubeInventory inventory_;
  std::vector<KubeChange> changes_;
  std::optional<Error> trouble_;
  MonoTime due_;        // of the next step
  MonoTime opened_at_;  // of the watch
  MonoTime ends_at_;    // the server ends it by then, if it lives
  MonoTime heard_at_;
  std::optional<MonoTime> failed_at_;
  size_t events_ = 0;  // of this watch
  size_t silent_ = 0;  // watches in a row that were open and said nothing
  uint64_t relists_ = 0;
  bool synced_ = false;
  bool was_refused_ = false;  // 401: once at once, since the token is read again
};
}  // namespace heddle
