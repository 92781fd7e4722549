#include "proxy/watch/batch_applier.h"

#include <algorithm>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/memory.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kDigestStart = "{\"sha256\":\"";
constexpr std::string_view kDigestEnd = "\"}\n";
constexpr size_t kDigestLine = kDigestStart.size() + 64 + kDigestEnd.size();

struct Changes {
  std::vector<Resource> puts;
  std::vector<ResourceKey> deletes;
  std::vector<WatchNackError> errors;
};

void read_line(const std::string& line, Changes& out) {
  auto message = decode_control_message(line);
  if (!message) {
    out.errors.push_back({"", "", message.error().detail});
  } else if (auto* put = std::get_if<WatchPut>(&*message)) {
    out.puts.push_back({std::move(put->key), std::move(put->resource)});
  } else if (auto* erase = std::get_if<WatchDelete>(&*message)) {
    out.deletes.push_back(std::move(erase->key));
  } else {
    out.errors.push_back({"", "", "a batch holds only put and delete lines"});
  }
}

Result<ContentHash> parse_hash(std::string_view hex) {
  HEDDLE_TRY(std::string raw, from_hex(hex));
  ContentHash hash{};
  if (raw.size() != hash.size()) return make_error(Reason::kBadRequest, "expected 64 hex digits");
  std::transform(raw.begin(), raw.end(), hash.begin(), [](char c) { return static_cast<std::byte>(c); });
  return hash;
}

std::vector<WatchNackError> errors_of(const ConfigProblems& problems) {
  std::vector<WatchNackError> errors;
  auto cut = [](const std::string& text) { return text.substr(0, kMaxNackMessage); };
  for (const ResourceProblem& item : problems.items) {
    if (errors.size() == kMaxNackErrors) break;
    errors.push_back({item.key.text(), cut(item.problem.path), cut(item.problem.message)});
  }
  return errors;
}

// The text before the digest line, when that is right.
Result<std::string_view> checked_body(std::string_view text) {
  auto corrupt = [](std::string detail) { return make_error(Reason::kIo, std::move(detail)); };
  if (text.size() < kDigestLine) return corrupt("is cut off");
  std::string_view body = text.substr(0, text.size() - kDigestLine);
  std::string_view last = text.substr(body.size());
  if (!last.starts_with(kDigestStart) || !last.ends_with(kDigestEnd)) return corrupt("is cut off: no sha256 line");
  if (last.substr(kDigestStart.size(), 64) != to_hex(sha256(as_bytes(body)))) {
    return corrupt("is corrupt: its SHA-256 is not the one written at its end");
  }
  return body;
}

// The parts of the file, put together as they were written.
Result<std::pair<WatchWant, WatchBatch>> parse_last_good(std::string_view body) {
  std::vector<std::string_view> lines = split(body, '\n');
  if (lines.size() < 4 || !lines.back().empty()) return make_error(Reason::kIo, "lacks a want, begin or end line");
  lines.pop_back();
  HEDDLE_TRY(SidecarMessage first, decode_sidecar_message(lines[0]));
  HEDDLE_TRY(ControlMessage second, decode_control_message(lines[1]));
  HEDDLE_TRY(ControlMessage last, decode_control_message(lines.back()));
  auto* want = std::get_if<WatchWant>(&first);
  auto* begin = std::get_if<WatchBegin>(&second);
  auto* end = std::get_if<WatchEnd>(&last);
  if (want == nullptr || begin == nullptr || end == nullptr) {
    return make_error(Reason::kIo, "lacks a want, begin or end line");
  }
  WatchBatch batch{*begin, {}, *end, body.size()};
  for (size_t i = 2; i + 1 < lines.size(); ++i) batch.lines.emplace_back(lines[i]);
  return std::pair(std::move(*want), std::move(batch));
}
}  // namespace

AppliedBatch BatchApplier::apply(const WatchBatch& batch) {
  AppliedBatch out;
  Changes changes;
  worked_ += batch.bytes;
  for (const std::string& line : batch.lines) {
    read_line(line, changes);
    if (changes.errors.size() == kMaxNackErrors) break;
  }
  auto hash = parse_hash(batch.end.hash);
  if (!hash) changes.errors.push_back({"", "end.hash", hash.error().detail});
  out.errors = std::move(changes.errors);
  if (!out.errors.empty()) return out;
  bool is_delta = batch.begin.kind == BatchKind::kDelta;
  ConfigChange change{is_delta ? ConfigChange::Kind::kDelta : ConfigChange::Kind::kReplaceAll, batch.end.version,
                      std::move(changes.puts), std::move(changes.deletes), *hash};
  BuildOutcome built = builder_.apply(change);
  out.snapshot = std::move(built.snapshot);
  out.hash_differs = built.hash_differs;
  out.errors = errors_of(built.problems);
  if (out.snapshot != nullptr) remember(batch, std::move(change.puts), change.deletes);
  return out;
}

void BatchApplier::remember(const WatchBatch& batch, std::vector<Resource> puts,
                            const std::vector<ResourceKey>& deletes) {
  if (batch.begin.kind == BatchKind::kSnapshot) held_.clear();
  for (const ResourceKey& key : deletes) held_.erase(key);
  for (Resource& put : puts) held_[put.key] = std::move(put.json);
}

void BatchApplier::tidy() {
  builder_.collect();
  if (worked_ < kMuchWork) return;
  worked_ = 0;
  give_back_free_memory();
}

std::string BatchApplier::last_good_text(const std::vector<ResourceKey>& wants) const {
  std::string out = encode(SidecarMessage(WatchWant{wants, {}}));
  const Snapshot& snapshot = *current();
  out += encode(ControlMessage(WatchBegin{BatchKind::kSnapshot, std::nullopt, snapshot.version()}));
  for (const auto& [key, json] : held_) out += encode_put(key.text(), json);
  out += encode(ControlMessage(WatchEnd{snapshot.version(), to_hex(snapshot.hash())}));
  return str_cat(out, kDigestStart, to_hex(sha256(as_bytes(out))), kDigestEnd);
}

Result<LastGood> BatchApplier::restore(std::string_view text) {
  HEDDLE_TRY(std::string_view body, checked_body(text));
  HEDDLE_TRY(auto parts, parse_last_good(body));
  LastGood out{std::move(parts.first.add), apply(parts.second)};
  if (out.applied.snapshot != nullptr) return out;
  std::string why = out.applied.errors.empty() ? "its content hash differs" : out.applied.errors.front().message;
  return make_error(Reason::kConfigInvalid, "is refused: " + why);
}
}  // namespace heddle
