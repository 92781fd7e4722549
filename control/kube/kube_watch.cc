#include "control/kube/kube_watch.h"

#include <algorithm>

namespace heddle {
KubeWatch::KubeWatch(KubeClient& client, Random& random, Selection what, Observer& observer)
    : client_(client), observer_(observer), state_(random, std::move(what)) {
  timer_ = client_.loop().timer([this] { client_.loop().defer(work_); });
  client_.loop().defer(work_);
}

KubeWatch::~KubeWatch() = default;

void KubeWatch::on_line(std::string_view line) {
  state_.on_line(client_.loop().now(), line);
  client_.loop().defer(work_);
}

void KubeWatch::on_closed(const Error& why) {
  state_.on_closed(client_.loop().now(), why);
  client_.loop().defer(work_);
}

// Outside of all callbacks of what it owns.
void KubeWatch::work() {
  if (!state_.is_watching()) stream_.reset();
  deliver();
  MonoTime now = client_.loop().now();
  switch (state_.next(now)) {
    case KubeWatchState::Step::kList:
      list();
      break;
    case KubeWatchState::Step::kWatch:
      watch();
      break;
    case KubeWatchState::Step::kDrop:
      stream_.reset();
      if (state_.trouble()) client_.suspect_connection();
      client_.loop().defer(work_);
      break;
    case KubeWatchState::Step::kWait:
      break;
  }
  if (std::optional<MonoTime> at = state_.wake_at()) timer_->arm(std::max(*at - now, Duration(0)));
}

void KubeWatch::deliver() {
  std::vector<KubeChange> changes = state_.take_changes();
  if (!has_told_) {
    if (!state_.is_synced()) return;
    has_told_ = true;
    std::vector<JsonValue> objects;
    for (KubeChange& change : changes) {
      if (change.object) objects.push_back(*std::move(change.object));
    }
    return observer_.on_synced(objects);
  }
  for (const KubeChange& change : changes) {
    change.object ? observer_.on_put(change.key, *change.object) : observer_.on_delete(change.key);
  }
}

void KubeWatch::list() {
  KubeRequest page;
  page.path = state_.path();
  page.query = state_.query();
  page.attempt = 60s;  // a page of large objects, from a server that is busy
  page.whole = 60s;
  call_ = client_.call(std::move(page), [this](const KubeAnswer& answer) {
    state_.on_page(client_.loop().now(), answer);
    client_.loop().defer(work_);
  });
}

void KubeWatch::watch() {
  stream_ = client_.watch(state_.path(), state_.query(), *this, [this](const KubeAnswer& answer) {
    state_.on_opened(client_.loop().now(), answer);
    client_.loop().defer(work_);
  });
}
}  // namespace heddle
