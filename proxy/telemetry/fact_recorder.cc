#include "proxy/telemetry/fact_recorder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "lib/routing/matcher.h"
#include "lib/routing/request_facts.h"

namespace heddle {
namespace {
using Tag = FactSlot::Tag;
using Mark = FactSlot::Mark;
constexpr size_t kMaxValues = 2;  // of one field
static_assert(kMaxValues * KeptNames::kMost <= kMaxFactFields);

// What JSON carries unchanged.
bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool fits(std::string_view text, size_t most) noexcept { return text.size() <= most && is_plain(text); }

// Without these nothing can be said of a request.
bool write_request(FactSlot& slot, const FactInput& input, const RequestFacts& facts) noexcept {
  if (!fits(facts.method, kMaxFactMethod) || !fits(facts.authority, kMaxFactHost)) return false;
  if (!fits(facts.path, kMaxFactPath) || !is_plain(input.peer)) return false;
  slot.direction = input.origin.direction;
  slot.port = input.origin.port;
  slot.draw = input.draw;
  return slot.append(Tag::kMethod, facts.method) && slot.append(Tag::kHost, facts.authority) &&
         slot.append(Tag::kPath, facts.path) && slot.append(Tag::kPeer, input.peer) &&
         slot.append(Tag::kService, input.origin.service);
}

void write_decision(FactSlot& slot, const FactInput& input) noexcept {
  std::array<char, 10> number;  // NOLINT(*-member-init): only what is written is read
  char* end = std::to_chars(number.data(), number.data() + number.size(), input.rule).ptr;
  size_t size = static_cast<size_t>(end - number.data());
  if (input.route != nullptr) slot.append_key(Tag::kRoute, *input.route, {number.data(), size});
  if (input.backend_set != nullptr) slot.append_key(Tag::kBackendSet, *input.backend_set);
}
}  // namespace

void FactRecorder::set_config(Version version, std::shared_ptr<const KeptNames> names) noexcept {
  version_ = version;
  names_ = std::move(names);
}

uint64_t FactRecorder::begin(const FactInput& input) noexcept {
  if (!input.origin.is_known) return 0;
  RequestFacts facts = facts_of(input.head);
  FactSlot& slot = ring_.next();
  if (!write_request(slot, input, facts)) {
    ring_.drop_last();
    return 0;
  }
  slot.version = version_;
  slot.stands_for = std::exchange(since_, 0);
  write_decision(slot, input);
  if (names_ == nullptr) return slot.ticket;
  for (const std::string& name : names_->headers()) keep_header(slot, input.head.fields(), name);
  for (const std::string& name : names_->query()) keep_query(slot, facts.query, name);
  keep_secrets(slot, input.head.fields());
  return slot.ticket;
}

void FactRecorder::finish(uint64_t ticket, Reason reason) noexcept {
  if (FactSlot* slot = ring_.find(ticket)) slot->reason = reason;
}

void FactRecorder::note_policy(uint64_t ticket, const ResourceKey& policy, std::string_view number) noexcept {
  if (FactSlot* slot = ring_.find(ticket)) slot->append_key(Tag::kPolicy, policy, number);
}

// Both values of a field that stands there twice, or nothing at all: half of it would be another request.
void FactRecorder::keep_header(FactSlot& slot, const HeaderMap& fields, std::string_view name) const noexcept {
  uint16_t before = slot.used;
  size_t found = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.name != name) continue;
    bool may = ++found <= kMaxValues && fits(field.value, kMaxFactValue);
    if (may && slot.append(Tag::kHeader, name, field.value)) continue;
    slot.used = before;
    return;
  }
  if (found == 0) slot.append(Tag::kHeader, name, {}, Mark::kNo);
}

// Of equal names the first counts, as for routes.
void FactRecorder::keep_query(FactSlot& slot, std::string_view query, std::string_view name) const noexcept {
  std::optional<std::string_view> value = query_parameter(query, name);
  if (!value) {
    slot.append(Tag::kQuery, name, {}, Mark::kNo);
  } else if (fits(*value, kMaxFactValue)) {
    slot.append(Tag::kQuery, name, *value);
  }
}

// Of a field that stands there more than once nothing is known: rules judge that in different ways.
void FactRecorder::keep_secrets(FactSlot& slot, const HeaderMap& fields) const noexcept {
  for (const SecretQuestion& question : names_->secrets()) {
    std::optional<std::string_view> value;
    size_t found = 0;
    for (size_t i = 0; i < fields.size() && found < 2; ++i) {
      HeaderField field = fields.at(i);
      if (field.name != question.name) continue;
      value = field.value;
      ++found;
    }
    if (found > 1) continue;
    bool matched = value && question.asks(*value);
    slot.append(Tag::kHeader, question.name, question.match, matched ? Mark::kSecretYes : Mark::kSecretNo);
  }
}
}  // namespace heddle
