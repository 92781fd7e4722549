// StrongId<Tag>: numbers that cannot be mixed up. BackendSetId never compares with a StreamId. Pure value.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace heddle {
template <class Tag, class Number = uint32_t>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Number value) : value_(value) {}
  constexpr Number value() const noexcept { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Number value_{};
};

using StreamId = StrongId<struct StreamTag, int64_t>;
using WorkerId = StrongId<struct WorkerTag>;
// Index of a backend set, route or endpoint inside one snapshot; meaningless outside it.
using BackendSetId = StrongId<struct BackendSetTag>;
using RouteId = StrongId<struct RouteTag>;
}  // namespace heddle

template <class Tag, class Number>
struct std::hash<heddle::StrongId<Tag, Number>> {
  size_t operator()(heddle::StrongId<Tag, Number> id) const noexcept { return std::hash<Number>{}(id.value()); }
};
