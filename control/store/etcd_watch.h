// EtcdWatch: the changes of one key or of a range of keys, from a revision on, as one long request to the member that
// answered last. It does not reconnect: whoever owns it reads again and watches from there, on another member if need
// be. Events are told from tasks of their own, so the observer may destroy the watch whenever it likes. Control loop.
#pragma once
#include "control/store/etcd_client.h"

namespace heddle {
class EtcdWatch final : private LineObserver {
 public:
  class Observer {
   public:
    // In the order of their revisions, and those of one revision together.
    virtual void on_watch_events(const EtcdWatchAnswer&) = 0;
    // Last, once: the connection is gone, or etcd cancelled it (kNotFound: the revision is compacted).
    virtual void on_watch_ended(Error why) = 0;

   protected:
    ~Observer() = default;
  };
  EtcdWatch(EtcdClient&, const EtcdWatchRequest&, Observer&);
  ~EtcdWatch() override;

 private:
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override;
  void end(Error why);
  void deliver();
  EtcdClient& client_;
  Observer& observer_;
  EtcdWatchAnswer unsaid_;
  std::optional<Error> ended_;
  EtcdChannel::Client http_;
  std::unique_ptr<HttpClient::Lines> lines_;
  DeferredOf<EtcdWatch, &EtcdWatch::deliver> deliver_{*this};
};
}  // namespace heddle
