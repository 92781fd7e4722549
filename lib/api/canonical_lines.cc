#include "lib/api/canonical_lines.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kLongestText = 64;  // of what is read here; the general reader takes more

// A place in a line. After a step that failed, all others fail.
class LineCursor {
 public:
  explicit LineCursor(std::string_view line) : rest_(line) {}
  // Exactly this text.
  bool skip(std::string_view text) {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_) rest_.remove_prefix(text.size());
    return ok_;
  }
  // The inside of a string, up to its quote, which stays. Who reads it takes no escape and no control character.
  std::string_view text() {
    size_t end = ok_ ? rest_.find('"') : std::string_view::npos;
    ok_ = end != std::string_view::npos && end <= kLongestText;
    if (!ok_) return {};
    std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return out;
  }
  Version version() {
    Result<Version> read = Version::parse(text());
    ok_ = ok_ && read.has_value();
    return ok_ ? *read : Version{};
  }
  WallTime time() {
    Result<WallTime> read = parse_time(text());
    ok_ = ok_ && read.has_value();
    return ok_ ? *read : WallTime{};
  }
  std::string hash() {
    std::string_view read = text();
    auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    ok_ = ok_ && read.size() == 64 && std::all_of(read.begin(), read.end(), is_digit);
    return std::string(read);
  }
  // This text, and nothing behind it.
  bool ends_with(std::string_view text) { return skip(text) && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<ControlMessage> read_delta(std::string_view line) {
  LineCursor at(line);
  if (!at.skip(R"({"begin":{"kind":"delta","from":")")) return std::nullopt;
  WatchBegin m{BatchKind::kDelta, at.version(), {}};
  at.skip(R"(","to":")");
  m.to = at.version();
  return at.ends_with(R"("}})") ? std::optional<ControlMessage>(m) : std::nullopt;
}

std::optional<ControlMessage> read_snapshot(std::string_view line) {
  LineCursor at(line);
  if (!at.skip(R"({"begin":{"kind":"snapshot","to":")")) return std::nullopt;
  WatchBegin m{BatchKind::kSnapshot, std::nullopt, at.version()};
  return at.ends_with(R"("}})") ? std::optional<ControlMessage>(m) : std::nullopt;
}

std::optional<ControlMessage> read_end(std::string_view line) {
  LineCursor at(line);
  if (!at.skip(R"({"end":{"version":")")) return std::nullopt;
  WatchEnd m;
  m.version = at.version();
  at.skip(R"(","hash":")");
  m.hash = at.hash();
  return at.ends_with(R"("}})") ? std::optional<ControlMessage>(std::move(m)) : std::nullopt;
}

// `runs` is missing before the first batch: such a line is for the general reader.
std::optional<ControlMessage> read_heartbeat(std::string_view line) {
  LineCursor at(line);
  if (!at.skip(R"({"heartbeat":{"version":")")) return std::nullopt;
  WatchHeartbeat m;
  m.version = at.version();
  at.skip(R"(","time":")");
  m.time = at.time();
  at.skip(R"(","runs":")");
  m.runs = at.version();
  return at.ends_with(R"("}})") ? std::optional<ControlMessage>(m) : std::nullopt;
}
}  // namespace

std::optional<SidecarMessage> read_canonical_sidecar_line(std::string_view line) {
  LineCursor at(line);
  if (!at.skip(R"({"ack":{"version":")")) return std::nullopt;
  WatchAck m{at.version()};
  return at.ends_with(R"("}})") ? std::optional<SidecarMessage>(m) : std::nullopt;
}

std::optional<ControlMessage> read_canonical_control_line(std::string_view line) {
  for (auto read : {read_delta, read_snapshot, read_end, read_heartbeat}) {
    if (std::optional<ControlMessage> message = read(line)) return message;
  }
  return std::nullopt;
}
}  // namespace heddle
