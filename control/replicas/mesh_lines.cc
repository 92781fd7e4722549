#include "control/replicas/mesh_lines.h"

#include "control/store/etcd_records.h"
#include "lib/base/bytes.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string_view what) {
  return make_error(Reason::kUpstreamProtocolError, str_cat("the control plane that leads said: ", what));
}

std::vector<std::string> encode(std::string_view type, Version version, const ChangeNote& note, std::string_view body) {
  std::string head;
  JsonWriter writer(head);
  writer.begin_object().key(type).begin_object().field("version", version.text()).field("author", note.author);
  writer.field("message", note.message).field("time", int64_t{note.time.since_epoch().count()});
  writer.field("bytes", body.size()).end_object().end_object();
  std::vector<std::string> out{std::move(head)};
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), kMeshPart))) {
    std::string line;
    std::string part = to_base64(as_bytes(body.substr(0, kMeshPart)));
    JsonWriter(line).begin_object().field("part", part).end_object();
    out.push_back(std::move(line));
  }
  return out;
}
}  // namespace

std::vector<std::string> encode_mesh_state(const View& view) {
  return encode("state", view.version(), {}, encode_etcd_snapshot(view));
}

std::vector<std::string> encode_mesh_change(const Event& event) {
  return encode("change", event.version, event.note, encode_etcd_changes(event.changes));
}

std::string encode_mesh_heartbeat() { return R"({"heartbeat":{}})"; }

Result<void> MeshReader::begin(bool is_state, const JsonValue& head) {
  Problems problems;
  JsonReader reader(head, "", problems);
  JsonObject in = reader.object();
  MeshUpdate update;
  update.is_state = is_state;
  Result<Version> version = Version::parse(in.string("version"));
  update.note = {in.string("author"), in.string("message"), WallTime(Duration(in.integer("time")))};
  int64_t bytes = in.integer("bytes");
  if (!problems.empty() || !version) return bad("a version that cannot be read");
  if (bytes < 0 || static_cast<size_t>(bytes) > kMaxMeshBody) return bad("more than a mesh can have");
  update.version = *version;
  update_ = std::move(update);
  bytes_ = static_cast<size_t>(bytes);
  body_.clear();
  return {};
}

Result<std::optional<MeshUpdate>> MeshReader::end() {
  if (body_.size() < bytes_) return std::optional<MeshUpdate>();
  if (body_.size() > bytes_) return bad("more than it announced");
  HEDDLE_TRY(update_->puts, decode_etcd_body(body_));
  body_ = std::string();
  return std::exchange(update_, std::nullopt);
}

Result<std::optional<MeshUpdate>> MeshReader::on_line(std::string_view line) {
  Result<JsonValue> message = JsonValue::parse(line, kMaxMeshLine);
  if (!message || !message->is_object()) return bad("what is no JSON object");
  if (message->find("heartbeat")) return std::optional<MeshUpdate>();
  if (std::optional<JsonValue> part = message->find("part")) {
    Result<std::string> bytes = from_base64(part->as_string().value_or("-"));
    if (!bytes || !update_) return bad("a part of nothing");
    body_ += *bytes;
    return end();
  }
  if (update_) return bad("a version before the one before it was whole");
  for (std::string_view type : {"state", "change"}) {
    std::optional<JsonValue> head = message->find(type);
    if (!head) continue;
    HEDDLE_CHECK_OK(begin(type == "state", *head));
    return end();
  }
  return std::optional<MeshUpdate>();  // of a newer version
}
}  // namespace heddle
