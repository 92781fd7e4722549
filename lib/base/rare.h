// Rare<T>: a value that is nearly always T{}, and then takes no memory but a pointer; copies share what they hold.
// Immutable. For parts of objects of which there are many thousands.
#pragma once
#include <memory>
#include <utility>

namespace heddle {
template <class T>
class Rare {
 public:
  Rare() = default;
  explicit Rare(T value) : value_(value == T{} ? nullptr : std::make_shared<const T>(std::move(value))) {}
  bool is_default() const noexcept { return value_ == nullptr; }
  const T& operator*() const noexcept { return value_ == nullptr ? none() : *value_; }
  const T* operator->() const noexcept { return &**this; }
  bool operator==(const Rare& other) const { return value_ == other.value_ || **this == *other; }

 private:
  static const T& none() noexcept {
    static const T kNone{};
    return kNone;
  }
  std::shared_ptr<const T> value_;
};
}  // namespace heddle
