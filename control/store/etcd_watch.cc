#include "control/store/etcd_watch.h"

#include <iterator>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
EtcdWatch::EtcdWatch(EtcdClient& client, const EtcdWatchRequest& what, Observer& observer)
    : client_(client), observer_(observer), http_(client.channel().client()) {
  if (http_ == nullptr) {
    end(make_error(Reason::kUnavailable, "the member's address is not known"));
    return;
  }
  lines_ = http_->open_lines(client_.request("/v3/watch", ""), *this, [this](Result<void> opened) {
    if (!opened) end(std::move(opened).error());
  });
  // One watch per request: our side ends at once, so that the gateway waits for nothing more.
  static_cast<void>(lines_->send(encode(what)));
  lines_->close();
}

EtcdWatch::~EtcdWatch() = default;

void EtcdWatch::on_line(std::string_view line) {
  if (ended_) return;
  Result<EtcdWatchAnswer> answer = decode_watch(line);
  if (!answer) return end(std::move(answer).error());
  // etcd leaves the stream open after it cancelled the only watch on it.
  if (answer->canceled) {
    bool is_compacted = answer->compact_revision != 0;
    std::string why = is_compacted ? "what was to be watched is compacted" : answer->cancel_reason;
    return end(make_error(is_compacted ? Reason::kNotFound : Reason::kUnavailable,
                          str_cat("etcd cancelled the watch: ", why), Origin::kUpstream));
  }
  if (answer->events.empty()) return;
  unsaid_.header = answer->header;
  std::move(answer->events.begin(), answer->events.end(), std::back_inserter(unsaid_.events));
  client_.loop().defer(deliver_);
}

void EtcdWatch::on_closed(const Error& why) {
  end(why.reason == Reason::kNone ? make_error(Reason::kUnavailable, "etcd closed the watch", Origin::kUpstream) : why);
}

void EtcdWatch::end(Error why) {
  if (ended_) return;
  ended_ = std::move(why);
  client_.loop().defer(deliver_);
}

void EtcdWatch::deliver() {
  if (!unsaid_.events.empty()) {
    EtcdWatchAnswer said = std::exchange(unsaid_, {});
    if (ended_) client_.loop().defer(deliver_);
    return observer_.on_watch_events(said);
  }
  if (ended_) observer_.on_watch_ended(*ended_);
}
}  // namespace heddle
