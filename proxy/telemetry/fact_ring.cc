#include "proxy/telemetry/fact_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace heddle {
namespace {
// Before each text, or pair of texts.
struct Frame {
  FactSlot::Tag tag;
  FactSlot::Mark mark;
  uint16_t first;
  uint16_t second;
};
static_assert(sizeof(Frame) == 6);

void read_header(const Frame& frame, std::string first, std::string second, RequestFact& out) {
  switch (frame.mark) {
    case FactSlot::Mark::kNo:
      out.headers.push_back({std::move(first), std::nullopt});
      return;
    case FactSlot::Mark::kYes:
      out.headers.push_back({std::move(first), std::move(second)});
      return;
    case FactSlot::Mark::kSecretNo:
    case FactSlot::Mark::kSecretYes:
      out.secrets.push_back({std::move(first), std::move(second), frame.mark == FactSlot::Mark::kSecretYes});
  }
}

void read_query(const Frame& frame, std::string first, std::string second, RequestFact& out) {
  bool had = frame.mark == FactSlot::Mark::kYes;
  out.query.push_back({std::move(first), had ? std::optional(std::move(second)) : std::nullopt});
}

void read(const Frame& frame, std::string first, std::string second, RequestFact& out) {
  switch (frame.tag) {
    case FactSlot::Tag::kMethod:
      out.method = std::move(first);
      return;
    case FactSlot::Tag::kHost:
      out.host = std::move(first);
      return;
    case FactSlot::Tag::kPath:
      out.path = std::move(first);
      return;
    case FactSlot::Tag::kPeer:
      out.peer = std::move(first);
      return;
    case FactSlot::Tag::kService:
      out.service = std::move(first);
      return;
    case FactSlot::Tag::kRoute:
      out.route = std::move(first);
      return;
    case FactSlot::Tag::kBackendSet:
      out.backend_set = std::move(first);
      return;
    case FactSlot::Tag::kPolicy:
      out.policy = std::move(first);
      return;
    case FactSlot::Tag::kHeader:
      return read_header(frame, std::move(first), std::move(second), out);
    case FactSlot::Tag::kQuery:
      return read_query(frame, std::move(first), std::move(second), out);
  }
}
}  // namespace

bool FactSlot::append(Tag tag, std::string_view first, std::string_view second, Mark mark) noexcept {
  if (first.size() + second.size() + sizeof(Frame) > kTextBytes - used) return false;
  Frame frame{tag, mark, static_cast<uint16_t>(first.size()), static_cast<uint16_t>(second.size())};
  char* to = text.data() + used;
  std::memcpy(to, &frame, sizeof(frame));
  to = std::copy(first.begin(), first.end(), to + sizeof(frame));
  to = std::copy(second.begin(), second.end(), to);
  used = static_cast<uint16_t>(to - text.data());
  return true;
}

bool FactSlot::append_key(Tag tag, const ResourceKey& key, std::string_view number) noexcept {
  std::array<char, kMaxFactReference> room;  // NOLINT(*-member-init): only what is written is read
  size_t size = 0;
  bool fits = true;
  for (std::string_view piece :
       {info(key.kind).name, std::string_view("/"), std::string_view(key.ns), std::string_view("/"),
        std::string_view(key.name), std::string_view(number.empty() ? "" : "#"), number}) {
    fits = fits && piece.size() <= room.size() - size;
    if (!fits) return false;
    std::copy(piece.begin(), piece.end(), room.data() + size);
    size += piece.size();
  }
  return append(tag, {room.data(), size});
}

RequestFact fact_of(const FactSlot& slot) {
  RequestFact out;
  out.direction = slot.direction;
  out.version = slot.version;
  out.port = slot.port;
  out.draw = slot.draw;
  out.reason = info(slot.reason).name;
  for (size_t at = 0; at + sizeof(Frame) <= slot.used;) {
    Frame frame{};
    std::memcpy(&frame, slot.text.data() + at, sizeof(frame));
    const char* first = slot.text.data() + at + sizeof(frame);
    read(frame, {first, frame.first}, {first + frame.first, frame.second}, out);
    at += sizeof(frame) + frame.first + frame.second;
  }
  return out;
}

FactRing::FactRing(size_t capacity)
    : capacity_(std::max<size_t>(capacity, 1)), slots_(std::make_unique_for_overwrite<Raw[]>(capacity_)) {}

FactSlot& FactRing::next() noexcept {
  uint64_t ticket = next_++;
  if (ticket - first_ == capacity_) ++first_;
  FactSlot& slot = *::new (raw_at(ticket).bytes) FactSlot;  // lint: new placement
  slot.ticket = ticket;
  return slot;
}

void FactRing::drop_last() noexcept {
  if (next_ > first_) --next_;
}

FactSlot* FactRing::find(uint64_t ticket) noexcept {
  return ticket >= first_ && ticket < next_ ? &at(ticket) : nullptr;
}

FactSlots FactRing::copy() const {
  FactSlots out;
  out.reserve(next_ - first_);
  for (uint64_t ticket = first_; ticket < next_; ++ticket) out.push_back(at(ticket));
  return out;
}
}  // namespace heddle
