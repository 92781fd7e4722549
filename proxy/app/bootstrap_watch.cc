#include "proxy/app/bootstrap_watch.h"

#include <utility>

#include "lib/base/file.h"
#include "proxy/app/bootstrap.h"
#include "proxy/identity/identity_files.h"

namespace heddle {
BootstrapWatch::BootstrapWatch(Loop& loop, std::string path, OnRead on_read)
    : path_(std::move(path)),
      on_read_(std::move(on_read)),
      offload_(loop),
      poll_(loop.timer([this] { look(Cause::kChange); })) {}

BootstrapWatch::Seen BootstrapWatch::look_at(const std::string& path, const std::string& known, Cause cause) {
  Seen seen{stat_fingerprint({path}), std::nullopt};
  if (cause == Cause::kChange && seen.stamp == known) return seen;
  auto read = load_bootstrap(path);
  bool away = !read && read.error().reason == Reason::kNotFound;
  if (cause == Cause::kSignal || !away) seen.read = std::move(read);
  return seen;
}

void BootstrapWatch::look(Cause cause) {
  if (std::exchange(working_, true)) {
    again_ = again_ || cause == Cause::kSignal;
    return;
  }
  work_ = offload_.compute([path = path_, known = stamp_, cause] { return look_at(path, known, cause); },
                           [this, cause](Seen seen) { on_seen(cause, std::move(seen)); });
}

void BootstrapWatch::on_seen(Cause cause, Seen seen) {
  working_ = false;
  stamp_ = std::move(seen.stamp);
  poll_->arm(kPoll);
  if (seen.read) on_read_(cause, *seen.read);
  if (std::exchange(again_, false)) look(Cause::kSignal);
}
}  // namespace heddle
