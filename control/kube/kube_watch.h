// KubeWatch: all objects of one resource, and what becomes of them, for as long as it lives: KubeWatchState with a
// KubeClient. Control loop.
#pragma once
#include "control/kube/kube_client.h"
#include "control/kube/kube_watch_state.h"

namespace heddle {
class KubeWatch final : private LineObserver {
 public:
  using Selection = KubeWatchState::Selection;
  // Called from the loop, never inside a call; the watch must outlive each call. Objects are without
  // metadata.managedFields; those of lists have neither apiVersion nor kind where the server leaves them out.
  class Observer {
   public:
    // Once, first: everything there is.
    virtual void on_synced(const std::vector<JsonValue>& objects) = 0;
    // New or changed: never twice the same resourceVersion of one object. An object that was deleted and made again
    // while we were away is put once; its uid tells.
    virtual void on_put(const KubeKey&, const JsonValue& object) = 0;
    virtual void on_delete(const KubeKey&) = 0;

   protected:
    ~Observer() = default;
  };
  KubeWatch(KubeClient&, Random&, Selection, Observer&);
  ~KubeWatch() override;

  bool is_synced() const noexcept { return has_told_; }
  // As KubeWatchState's: what went wrong last, if the last try did; when the server was heard last; lists after the
  // first one. The last good state stands meanwhile.
  const std::optional<Error>& trouble() const noexcept { return state_.trouble(); }
  MonoTime heard_at() const noexcept { return state_.heard_at(); }
  uint64_t relists() const noexcept { return state_.relists(); }

 private:
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override;
  void work();
  void deliver();
  void list();
  void watch();
  KubeClient& client_;
  Observer& observer_;
  KubeWatchState state_;
  bool has_told_ = false;
  Pending call_;    // of a page
  Pending stream_;  // of a watch
  std::unique_ptr<Timer> timer_;
  DeferredOf<KubeWatch, &KubeWatch::work> work_{*this};
};
}  // namespace heddle
