#include "tests/adversarial/frame_script.h"

#include <algorithm>
#include <array>

#include "lib/base/strings.h"
#include "tests/adversarial/case_file.h"

namespace heddle::adversarial {
namespace {
constexpr std::array<std::string_view, 13> kCodes = {
    "NO_ERROR", "PROTOCOL",    "INTERNAL", "FLOW_CONTROL", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE", "REFUSED",
    "CANCEL",   "COMPRESSION", "CONNECT",  "CALM",         "INADEQUATE"};
constexpr std::array<std::string_view, 10> kTypes = {"DATA",         "HEADERS", "PRIORITY", "RST",    "SETTINGS",
                                                     "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW", "CONT"};

uint32_t number(std::string_view word) {
  auto value = parse_int<uint32_t>(word);
  if (!value) complain("not a number", word);
  return *value;
}

// Where the first statement ends: at a `;` outside of quotes and braces.
size_t statement_end(std::string_view text) {
  int depth = 0;
  bool open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') open = !open;
    if (open) continue;
    if (text[i] == '{') ++depth;
    if (text[i] == '}') --depth;
    if (text[i] == ';' && depth == 0) return i;
  }
  return text.size();
}

int type_of(std::string_view word) {
  auto found = std::find(kTypes.begin(), kTypes.end(), word);
  return found == kTypes.end() ? -1 : static_cast<int>(found - kTypes.begin());
}

// `name=value`, of which the name may begin with a colon; false for flags.
bool split_field(const std::string& word, std::string& name, std::string& value) {
  size_t equals = word.find('=');
  if (equals == word.npos) return false;
  name = word.substr(0, equals);
  value = word.substr(equals + 1);
  return true;
}
std::string padded(std::string_view payload, uint32_t pad) {
  return str_cat(std::string(1, static_cast<char>(pad)), payload, std::string(pad, '\0'));
}
}  // namespace

uint32_t error_code(std::string_view word) {
  auto found = std::find(kCodes.begin(), kCodes.end(), word);
  return found == kCodes.end() ? number(word) : static_cast<uint32_t>(found - kCodes.begin());
}

FrameScript::FrameScript(std::string_view text, Role role, uint32_t first) : current_(first) {
  bool raw = text.starts_with("RAW");
  if (raw) text.remove_prefix(std::min(text.size(), statement_end(text) + 1));
  if (!raw && role == Role::kClient) steps_.push_back({h2::client_start()});
  if (!raw && role == Role::kServer) steps_.push_back({h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0)});
  run(text);
}

size_t FrameScript::size() const {
  size_t bytes = 0;
  for (const ScriptStep& step : steps_) bytes += step.bytes.size();
  return bytes;
}

void FrameScript::run(std::string_view text) {
  while (!text.empty()) {
    size_t end = statement_end(text);
    std::string_view one = trim(text.substr(0, end));
    if (!one.empty()) statement(one);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

void FrameScript::statement(std::string_view text) {
  if (text.starts_with("repeat ")) return repeat(text.substr(7));
  std::vector<std::string> words = words_of(text);
  if (steps_.empty() || steps_.back().await >= 0) steps_.emplace_back();
  if (words[0] == "await") {
    steps_.back().await = type_of(words.at(1));
    if (steps_.back().await < 0) complain("not a frame", text);
    return;
  }
  steps_.back().bytes += frame_of(words);
}

void FrameScript::repeat(std::string_view text) {
  size_t open = text.find('{');
  if (open == text.npos || text.back() != '}') complain("not `repeat N { ... }`", text);
  uint32_t times = number(trim(text.substr(0, open)));
  std::string_view body = text.substr(open + 1, text.size() - open - 2);
  for (uint32_t i = 0; i < times; ++i) run(body);
}

// `+` a new stream, `=` the same again, or a number.
uint32_t FrameScript::stream_of(const std::string& word) {
  if (word == "=") return current_;
  current_ = word == "+" ? next_ : number(word);
  next_ = std::max(next_, (current_ | 1) + 2);
  return current_;
}

std::string FrameScript::frame_of(const std::vector<std::string>& words) {
  const std::string& kind = words[0];
  auto at = [&](size_t i) { return i < words.size() ? words[i] : std::string("0"); };
  if (kind == "HEADERS" || kind == "CONT" || kind == "PUSH_PROMISE") return headers_frame(words);
  if (kind == "DATA") return data_frame(words);
  if (kind == "BYTES") return at(1);
  if (kind == "PREFACE") return std::string(h2::kPreface);
  if (kind == "FRAME")  // type flags stream payload
    return h2::frame(static_cast<uint8_t>(number(at(1))), static_cast<uint8_t>(number(at(2))), stream_of(at(3)),
                     words.size() > 4 ? words[4] : "");
  if (kind == "RST") return h2::frame(h2::kRstStream, 0, stream_of(at(1)), h2::u32(error_code(at(2))));
  if (kind == "WINDOW")
    return h2::frame(h2::kWindowUpdate, 0, at(1) == "0" ? 0 : stream_of(at(1)), h2::u32(number(at(2))));
  if (kind == "PING") return h2::frame(h2::kPing, at(1) == "ack" ? h2::kAck : 0, 0, "12345678");
  if (kind == "GOAWAY") return h2::frame(h2::kGoAway, 0, 0, h2::u32(number(at(1))) + h2::u32(error_code(at(2))));
  if (kind == "PRIORITY") return h2::frame(h2::kPriority, 0, stream_of(at(1)), h2::u32(number(at(2))) + "\x10");
  if (kind != "SETTINGS") complain("not a frame", kind);
  if (at(1) == "ack") return h2::frame(h2::kSettings, h2::kAck, 0);
  std::vector<std::pair<uint16_t, uint32_t>> entries;
  std::string name, value;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!split_field(words[i], name, value)) complain("not id=value", words[i]);
    entries.emplace_back(static_cast<uint16_t>(number(name)), number(value));
  }
  return h2::settings(entries);
}

// HEADERS stream [end] [more] [indexed] [pad=N] [get=/path | post=/path | status=NNN] name=value ...
std::string FrameScript::headers_frame(const std::vector<std::string>& words) {
  uint32_t stream = stream_of(words.at(1));
  bool more = false;
  bool indexed = false;
  uint8_t flags = 0;
  h2::Fields fields;
  std::string name, value;
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "end") flags |= h2::kEndStream;
    if (words[i] == "more") more = true;
    if (words[i] == "indexed") indexed = true;
    if (!split_field(words[i], name, value)) continue;
    h2::Fields start = name == "get" ? h2::get(value) : name == "post" ? h2::post(value) : h2::Fields{};
    if (name == "get" || name == "post") {
      fields.insert(fields.end(), start.begin(), start.end());
    } else {
      fields.emplace_back(name == "status" ? ":status" : name, value);
    }
  }
  SentRequest& request = requests_[stream];
  if (!request.ended) request.fields.insert(request.fields.end(), fields.begin(), fields.end());
  request.ended |= (flags & h2::kEndStream) != 0;
  if (!more) flags |= h2::kEndHeaders;
  std::string block;
  for (const auto& [field, text] : fields)
    block += indexed ? h2::indexed_literal(field, text) : h2::block({{field, text}});
  if (words[0] == "CONT") return h2::frame(h2::kContinuation, flags, stream, block);
  if (words[0] == "PUSH_PROMISE") return h2::frame(h2::kPushPromise, flags, stream, h2::u32(2) + block);
  return h2::frame(h2::kHeaders, flags, stream, block);
}

// DATA stream [end] [pad=N] [text]
std::string FrameScript::data_frame(const std::vector<std::string>& words) {
  uint32_t stream = stream_of(words.at(1));
  uint8_t flags = 0;
  std::string text;
  std::optional<uint32_t> pad;
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "end") {
      flags |= h2::kEndStream;
    } else if (words[i].starts_with("pad=")) {
      pad = number(std::string_view(words[i]).substr(4));
    } else {
      text = words[i];
    }
  }
  SentRequest& request = requests_[stream];
  if (!request.ended) request.body += text;
  request.ended |= (flags & h2::kEndStream) != 0;
  if (pad) return h2::frame(h2::kData, flags | h2::kPadded, stream, padded(text, *pad));
  return h2::frame(h2::kData, flags, stream, text);
}
}  // namespace heddle::adversarial
