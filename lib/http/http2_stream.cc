#include "lib/http/http2_stream.h"

namespace heddle {

Http2Streams::~Http2Streams() {
  while (Http2Stream* stream = all_.front()) remove(*stream);
}

Http2Stream& Http2Streams::add(StreamId id) {
  Http2Stream* stream = memory_.create<Http2Stream>(id, pool_);
  Http2Stream*& bucket = buckets_[bucket_of(id)];
  stream->next_in_bucket = bucket;
  bucket = stream;
  all_.push_back(*stream);
  ++size_;
  return *stream;
}

Http2Stream* Http2Streams::find(StreamId id) const noexcept {
  Http2Stream* stream = buckets_[bucket_of(id)];
  while (stream != nullptr && stream->id != id) stream = stream->next_in_bucket;
  return stream;
}

void Http2Streams::remove(Http2Stream& stream) noexcept {
  Http2Stream** link = &buckets_[bucket_of(stream.id)];
  while (*link != &stream) link = &(*link)->next_in_bucket;
  *link = stream.next_in_bucket;
  --size_;
  memory_.destroy(&stream);
}
}  // namespace heddle
