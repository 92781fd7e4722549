#include "tests/support/codec_harness.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string number(int64_t n) { return std::to_string(n); }
std::string id_text(StreamId id) { return number(id.value()); }
std::string length_text(const std::optional<uint64_t>& length) {
  return length ? str_cat(" [cl=", std::to_string(*length), "]") : std::string();
}
}  // namespace

std::string RecordedEvents::text() const {
  std::string out;
  for (const std::string& line : lines_) out.append(line).push_back('\n');
  return out;
}

bool RecordedEvents::has(std::string_view line) const {
  return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
}

size_t RecordedEvents::count_starting_with(std::string_view prefix) const {
  auto starts = [prefix](const std::string& line) { return line.compare(0, prefix.size(), prefix) == 0; };
  return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), starts));
}

void RecordedEvents::clear() {
  lines_.clear();
  body_.clear();
  open_data_ = StreamId();
}

void RecordedEvents::add(StreamId id, std::string line) {
  last_id_ = id;
  open_data_ = StreamId();
  lines_.push_back(std::move(line));
}

void RecordedEvents::add_data(StreamId id, const Buffer& data, bool end) {
  last_id_ = id;
  std::string bytes = data.to_string();
  body_.append(bytes);
  if (!bytes.empty()) {
    if (open_data_ != id || lines_.empty()) lines_.push_back(str_cat("data ", id_text(id), " "));
    lines_.back().append(bytes);
    open_data_ = id;
  }
  if (end) add(id, str_cat("end ", id_text(id)));
}

std::string describe(const HeaderMap& fields) {
  std::string out = "{";
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (i > 0) out.append("; ");
    out.append(field.name).append(": ").append(field.value);
  }
  return out.append("}");
}

void RecordingServerEvents::on_request(StreamId id, RequestHead&& head, bool end) {
  std::string line = str_cat("request ", id_text(id), " ", head.method(), " ", head.scheme(), " ", head.authority(),
                             " ", head.path(), " ", to_text(head.version), length_text(head.content_length));
  if (!head.protocol().empty()) line.append(" protocol=").append(head.protocol());
  if (head.accepts_trailers) line.append(" te");
  add(id, str_cat(line, " ", describe(head.fields())));
  if (end) add(id, str_cat("end ", id_text(id)));
  if (handler) handler(id, head, end);
}

void RecordingServerEvents::on_data(StreamId id, Buffer&& data, bool end) {
  add_data(id, data, end);
  if (auto_credit == AutoCredit::kOn && codec != nullptr) codec->credit(id, data.size());
  if (body_handler) body_handler(id, std::move(data), end);
}

void RecordingServerEvents::on_trailers(StreamId id, HeaderMap&& fields) {
  add(id, str_cat("trailers ", id_text(id), " ", describe(fields)));
  if (body_handler) body_handler(id, Buffer(fields.pool()), true);
}

void RecordingServerEvents::on_reset(StreamId id, ResetCode code) {
  add(id, str_cat("reset ", id_text(id), " ", number(static_cast<int>(code))));
}
void RecordingServerEvents::on_drained(StreamId id) { add(id, str_cat("drained ", id_text(id))); }
void RecordingServerEvents::on_go_away(StreamId id) { add(id, str_cat("go_away ", id_text(id))); }

void RecordingClientEvents::on_response(StreamId id, ResponseHead&& head, bool end) {
  add(id, str_cat("response ", id_text(id), " ", number(head.status), length_text(head.content_length), " ",
                  describe(head.fields())));
  if (end) add(id, str_cat("end ", id_text(id)));
  if (handler) handler(id, head, end);
}

void RecordingClientEvents::on_informational(StreamId id, ResponseHead&& head) {
  add(id, str_cat("informational ", id_text(id), " ", number(head.status), " ", describe(head.fields())));
}

void RecordingClientEvents::on_data(StreamId id, Buffer&& data, bool end) {
  add_data(id, data, end);
  if (auto_credit == AutoCredit::kOn && codec != nullptr) codec->credit(id, data.size());
}

void RecordingClientEvents::on_trailers(StreamId id, HeaderMap&& fields) {
  add(id, str_cat("trailers ", id_text(id), " ", describe(fields)));
}

void RecordingClientEvents::on_reset(StreamId id, ResetCode code) {
  add(id, str_cat("reset ", id_text(id), " ", number(static_cast<int>(code))));
}
void RecordingClientEvents::on_drained(StreamId id) { add(id, str_cat("drained ", id_text(id))); }
void RecordingClientEvents::on_go_away(StreamId id) { add(id, str_cat("go_away ", id_text(id))); }

std::string produced(Codec& codec, BlockPool& pool, size_t budget) {
  Buffer out(pool);
  while (codec.wants_write() && codec.produce(out, budget) > 0) {
  }
  return out.to_string();
}

RequestHead make_request(BlockPool& pool, std::string_view method, std::string_view path, std::string_view authority) {
  RequestHead head(pool);
  bool stored =
      head.set_method(method) && head.set_scheme("http") && head.set_authority(authority) && head.set_path(path);
  HEDDLE_CHECK(stored);
  return head;
}

Result<void> feed(Codec& codec, BlockPool& pool, std::string_view bytes, Split split) {
  Buffer in(pool);
  size_t size = split.first > 0 ? split.first : bytes.size();
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, size);
    bytes.remove_prefix(piece.size());
    size = split.step > 0 ? split.step : bytes.size();
    in.append(piece);
    Result<void> result = codec.receive(in);
    if (!result) return result;
  }
  return {};
}
}  // namespace heddle
