#include "control/store/etcd_records.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int64_t kFormat = 1;

Error damaged(std::string_view what) { return make_error(Reason::kIo, str_cat("the store is damaged: ", what)); }

std::string digits(uint64_t number, size_t width) {
  std::string text = std::to_string(number);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

// The first line of a value, and what follows it.
struct Cut {
  std::string_view line;
  std::string_view rest;
};
Cut cut_line(std::string_view text) {
  size_t end = text.find('\n');
  if (end == text.npos) return {text, {}};
  return {text.substr(0, end), text.substr(end + 1)};
}

Version read_version(JsonObject& in, std::string_view field) {
  std::string text = in.string(field);
  Result<Version> version = Version::parse(text);
  if (!version) in.problem(field, "expected a version");
  return version.value_or(Version{});
}

// Reads one line of JSON with `read`; a value of another format says so first.
template <class F>
auto read_line(std::string_view line, std::string_view what, F&& read) -> Result<std::invoke_result_t<F, JsonObject&>> {
  Result<JsonValue> document = JsonValue::parse(line);
  if (!document) return damaged(str_cat(what, ": ", document.error().detail));
  Problems problems;
  JsonReader reader(*document, "", problems);
  JsonObject object = reader.object();
  auto out = read(object);
  object.finish();
  if (!problems.empty()) return damaged(str_cat(what, ": ", problems.text()));
  return out;
}

Result<void> check_format(std::string_view line) {
  Result<JsonValue> document = JsonValue::parse(line);
  std::optional<JsonValue> format = document ? document->find("format") : std::nullopt;
  std::optional<int64_t> number = format ? format->as_integer() : std::nullopt;
  if (!number) return damaged("a value says no format");
  if (*number == kFormat) return {};
  return make_error(Reason::kUnsupported, str_cat("the store has format ", std::to_string(*number),
                                                  ", this version of Heddle knows 1; use a newer one"));
}

void write_change(std::string& out, const ResourceKey& key, const StoredResource* now) {
  JsonWriter writer(out);
  writer.begin_object().field("key", key.text());
  if (now != nullptr) {
    const ResourceMeta& meta = now->meta();
    writer.field("uid", meta.uid).field("generation", meta.generation);
    writer.field("created", static_cast<int64_t>(meta.created.since_epoch().count()));
    writer.field("version", meta.version.text()).field("bytes", now->bytes().size());
  }
  writer.end_object();
  out.push_back('\n');
  if (now != nullptr) out.append(now->bytes()).push_back('\n');
}

struct ChangeLine {
  std::string key;
  std::optional<size_t> bytes;
  ResourceMeta meta;
};
ChangeLine read_change(JsonObject& in) {
  ChangeLine out{in.string("key"), {}, {}};
  if (!in.has("bytes")) return out;
  out.bytes = static_cast<size_t>(in.integer("bytes", {0, static_cast<int64_t>(kMaxResourceBytes)}));
  out.meta.uid = in.string("uid");
  out.meta.generation = static_cast<uint64_t>(in.integer("generation", {0, INT64_MAX}));
  out.meta.created = WallTime(Duration(in.integer("created")));
  out.meta.version = read_version(in, "version");
  return out;
}
}  // namespace

std::string encode(const EtcdHead& head) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("format", kFormat);
  writer.field("version", head.version.text()).field("writer", head.writer).end_object();
  return out;
}

Result<EtcdHead> decode_etcd_head(std::string_view value) {
  HEDDLE_CHECK_OK(check_format(value));
  return read_line(value, "head", [](JsonObject& in) {
    in.ignore("format");
    return EtcdHead{read_version(in, "version"), in.string("writer", {1, 256})};
  });
}

std::string_view EtcdRecord::part(std::string_view whole_body, size_t n) const {
  return whole_body.substr(n * kEtcdPartBytes, kEtcdPartBytes);
}

std::string encode(const EtcdRecord& record) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("format", kFormat);
  writer.field("version", record.version.text()).field("writer", record.writer);
  writer.field("author", record.note.author).field("message", record.note.message);
  writer.field("time", static_cast<int64_t>(record.note.time.since_epoch().count())).field("bytes", record.bytes);
  writer.end_object();
  out.push_back('\n');
  if (!record.has_parts()) out.append(record.body);
  return out;
}

Result<EtcdRecord> decode_etcd_record(std::string_view value) {
  Cut cut = cut_line(value);
  HEDDLE_CHECK_OK(check_format(cut.line));
  HEDDLE_TRY(EtcdRecord out, read_line(cut.line, "a record", [](JsonObject& in) {
               in.ignore("format");
               EtcdRecord record{read_version(in, "version"), in.string("writer", {1, 256}), {}};
               record.note.author = in.string("author");
               record.note.message = in.string("message");
               record.note.time = WallTime(Duration(in.integer("time")));
               record.bytes = static_cast<size_t>(in.integer("bytes", {0, int64_t{1} << 40}));
               return record;
             }));
  size_t expected = out.has_parts() ? 0 : out.bytes;
  if (cut.rest.size() != expected) return damaged(str_cat("the record of ", out.version.text(), " is cut off"));
  out.body = std::string(cut.rest);
  return out;
}

std::string encode_etcd_changes(const std::vector<Change>& changes) {
  std::string out;
  for (const Change& change : changes) write_change(out, change.key, change.now.get());
  return out;
}

std::string encode_etcd_snapshot(const View& view) {
  std::string out;
  view.for_each([&out](const StoredResource::Ptr& r) { write_change(out, r->key(), r.get()); });
  return out;
}

Result<std::vector<ForeignEvent::Put>> decode_etcd_body(std::string_view body) {
  std::vector<ForeignEvent::Put> out;
  while (!body.empty()) {
    Cut cut = cut_line(body);
    HEDDLE_TRY(ChangeLine line, read_line(cut.line, "a change", read_change));
    Result<ResourceKey> key = ResourceKey::parse(line.key);
    if (!key) return damaged(str_cat("a change: ", key.error().detail));
    body = cut.rest;
    StoredResource::Ptr now;
    if (line.bytes) {
      bool is_whole = body.size() > *line.bytes && body[*line.bytes] == '\n';
      if (!is_whole) return damaged(str_cat(line.key, " is cut off"));
      now = StoredResource::make(*key, body.substr(0, *line.bytes), std::move(line.meta));
      body.remove_prefix(*line.bytes + 1);
    }
    out.push_back({*std::move(key), std::move(now)});
  }
  return out;
}

std::string EtcdKeys::log(uint64_t sequence) const { return str_cat(prefix_, "log/", digits(sequence, 20)); }
std::string EtcdKeys::snap(uint64_t sequence) const { return str_cat(prefix_, "snap/", digits(sequence, 20)); }
std::string EtcdKeys::parts(uint64_t sequence) const { return str_cat(prefix_, "part/", digits(sequence, 20), "/"); }

std::string EtcdKeys::parts(const EtcdRecord& record, bool of_snapshot) const {
  return str_cat(parts(record.version.sequence), record.writer, of_snapshot ? "/s/" : "/l/");
}

std::string EtcdKeys::part(const EtcdRecord& record, bool of_snapshot, size_t n) const {
  return str_cat(parts(record, of_snapshot), digits(n, 6));
}

JournalState rebuild_etcd_state(View base, const std::vector<EtcdEntry>& entries, size_t history) {
  JournalState out;
  out.version = base.version();
  View view = std::move(base);
  for (const EtcdEntry& entry : entries) {
    JournalState::Past past{entry.record.note, {}};
    for (const ForeignEvent::Put& put : entry.puts) {
      past.undos.push_back({put.key, view.find(put.key)});
      view = put.now == nullptr ? view.without(put.key) : view.with(put.now);
    }
    out.version = entry.record.version;
    out.history.push_back(std::move(past));
  }
  std::reverse(out.history.begin(), out.history.end());
  if (out.history.size() > history) out.history.resize(history);
  view.for_each([&out](const StoredResource::Ptr& r) { out.resources.push_back(r); });
  return out;
}
}  // namespace heddle
