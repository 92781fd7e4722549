#include "lib/routing/host_index.h"

#include <utility>

#include "lib/base/assert.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kFirstPlaces = 8;

uint32_t hash_of(std::string_view name) noexcept {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a over lower case: names come from our own configuration
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(to_lower(c))) * 0x100000001b3ULL;
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}
}  // namespace

bool HostIndex::add(std::string_view name, uint32_t number) {
  if (HEDDLE_BUG(name.empty(), "a host without a name")) return false;
  if (4 * (size_ + 1) > 3 * places_.size()) grow();
  uint32_t hash = hash_of(name);
  const Place* place = place_of(name, hash);
  if (place->name_size != 0) return false;
  places_[static_cast<size_t>(place - places_.data())] = {hash, number, static_cast<uint32_t>(text_.size()),
                                                          static_cast<uint32_t>(name.size())};
  text_.append(name);
  ++size_;
  return true;
}

std::optional<uint32_t> HostIndex::find(std::string_view host) const noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (size_ == 0) return std::nullopt;
  const Place* place = place_of(host, hash_of(host));
  if (place->name_size == 0) return std::nullopt;
  return place->number;
}

// Where it is or would be: some place is always free.
const HostIndex::Place* HostIndex::place_of(std::string_view name, uint32_t hash) const noexcept {
  size_t mask = places_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    const Place& place = places_[i];
    if (place.name_size == 0) return &place;
    if (place.hash != hash) continue;
    if (equals_ignore_case(std::string_view(text_).substr(place.name, place.name_size), name)) return &place;
  }
}

void HostIndex::grow() {
  std::vector<Place> before = std::exchange(places_, {});
  places_.resize(before.empty() ? kFirstPlaces : 2 * before.size());
  size_t mask = places_.size() - 1;
  for (const Place& place : before) {
    if (place.name_size == 0) continue;
    size_t i = place.hash & mask;
    while (places_[i].name_size != 0) i = (i + 1) & mask;
    places_[i] = place;
  }
}
}  // namespace heddle
