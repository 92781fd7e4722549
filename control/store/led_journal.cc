#include "control/store/led_journal.h"

#include "lib/base/strings.h"

namespace heddle {
Result<JournalState> LedJournal::replay(JournalObserver& observer) {
  observer_ = &observer;
  JournalState out;
  out.version = version_;
  return out;
}

Pending LedJournal::append(const Event& event, AppendDone done) {
  if (may_write_()) {
    version_ = event.version;
    done({});
  } else {
    done(make_error(Reason::kUnavailable, "another control plane leads, or none does; this one follows"));
  }
  return nullptr;
}

void LedJournal::begin_epoch(uint64_t epoch, const View& now) {
  JournalState state;
  state.version = {epoch, now.version().sequence};
  now.for_each([&state](const StoredResource::Ptr& one) { state.resources.push_back(one); });
  version_ = state.version;
  observer_->on_reset(std::move(state));
}

bool LedJournal::take(JournalState state) {
  if (state.version < version_) return false;
  if (state.version == version_) return true;
  version_ = state.version;
  observer_->on_reset(std::move(state));
  return true;
}

Result<void> LedJournal::take(ForeignEvent event) {
  if (event.version <= version_) return {};
  bool is_next = event.version.epoch == version_.epoch && event.version.sequence == version_.sequence + 1;
  if (!is_next) {
    return make_error(Reason::kUpstreamProtocolError,
                      str_cat("version ", event.version.text(), " came after ", version_.text()));
  }
  version_ = event.version;
  observer_->on_event(std::move(event));
  return {};
}
}  // namespace heddle
