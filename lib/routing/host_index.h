// HostIndex: host name -> number, whatever the case of the name; a trailing dot is ignored. Lookups allocate nothing.
// Immutable once built; part of the snapshot. Open addressing: one place and one name are touched as a rule.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {
class HostIndex {
 public:
  // False when the name is there already.
  bool add(std::string_view name, uint32_t number);
  std::optional<uint32_t> find(std::string_view host) const noexcept;
  size_t size() const noexcept { return size_; }
  void shrink_to_fit() { text_.shrink_to_fit(); }

 private:
  struct Place {
    uint32_t hash = 0;
    uint32_t number = 0;
    uint32_t name = 0;       // in text_
    uint32_t name_size = 0;  // 0: free; a name is never empty
  };
  const Place* place_of(std::string_view name, uint32_t hash) const noexcept;
  void grow();
  std::vector<Place> places_;  // a power of two, at most three quarters taken
  std::string text_;
  size_t size_ = 0;
};
}  // namespace heddle
