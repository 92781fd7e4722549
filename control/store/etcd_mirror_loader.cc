#include "control/store/etcd_mirror_loader.h"

#include "lib/base/strings.h"

namespace heddle {
EtcdMirrorLoader::EtcdMirrorLoader(EtcdClient& client, std::string prefix, size_t max_records)
    : client_(client), prefix_(std::move(prefix)), max_records_(max_records) {}

void EtcdMirrorLoader::start(Done done) {
  done_ = std::move(done);
  next_ = prefix_;
  read_page();
}

// The first page says which revision the others are read at.
void EtcdMirrorLoader::read_page() {
  EtcdRange range{next_, etcd_prefix_end(prefix_), page_};
  range.revision = out_.revision;
  call_ = client_.range(range, [this](Result<EtcdRangeAnswer> answer) {
    if (!answer) return on_failed(std::move(answer).error());
    take(*std::move(answer));
  });
}

void EtcdMirrorLoader::take(EtcdRangeAnswer answer) {
  if (out_.revision == 0) {
    out_.revision = answer.header.revision;
    out_.cluster_id = answer.header.cluster_id;
  }
  for (EtcdKeyValue& found : answer.found) {
    if (!found.key.starts_with(prefix_)) continue;
    next_ = found.key;
    out_.records.insert_or_assign(found.key.substr(prefix_.size()),
                                  EtcdMirrorRecord{std::move(found.value), found.mod_revision});
  }
  if (out_.records.size() > max_records_) {
    return finish(make_error(Reason::kTooLarge,
                             str_cat("etcd holds more than ", std::to_string(max_records_), " keys below ", prefix_)));
  }
  bool is_over = !answer.more || answer.found.empty();
  if (is_over) return finish(std::move(out_));
  next_.push_back('\0');  // the first key after it
  read_page();
}

void EtcdMirrorLoader::on_failed(Error why) {
  if (why.reason == Reason::kTooLarge && page_ > kShrink) {
    page_ /= kShrink;
    return read_page();
  }
  bool is_compacted = why.reason == Reason::kNotFound;
  if (!is_compacted || ++tries_ == kTries) return finish(std::move(why));
  out_ = {};
  next_ = prefix_;
  read_page();
}

void EtcdMirrorLoader::finish(Result<EtcdMirrorLoaded> result) {
  Done done = std::move(done_);
  done(std::move(result));
}
}  // namespace heddle
