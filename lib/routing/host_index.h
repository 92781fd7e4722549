// HostIndex: host name -> number, whatever the case of the name; a trailing dot is ignored. Lookups allocate nothing.
// Immutable once built; part of the snapshot.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/base/strings.h"

namespace heddle {
class HostIndex {
 public:
  // False when the name is there already.
  bool add(std::string_view name, uint32_t number);
  std::optional<uint32_t> find(std::string_view host) const noexcept;
  size_t size() const noexcept { return names_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept {
      uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a over lower case: names come from our own configuration
      for (char c : text) hash = (hash ^ static_cast<unsigned char>(to_lower(c))) * 0x100000001b3ULL;
      return static_cast<size_t>(hash);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept { return equals_ignore_case(a, b); }
  };
  std::unordered_map<std::string, uint32_t, Hash, Equal> names_;
};
}  // namespace heddle
