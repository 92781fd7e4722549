// Result<T>: a value or an Error; the subset of std::expected that this compiler lacks. Pure.
#pragma once
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "lib/base/assert.h"
#include "lib/base/error.h"

namespace heddle {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, T> &&
           !std::is_same_v<std::decay_t<U>, Error> && !std::is_same_v<std::decay_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  explicit operator bool() const noexcept { return state_.index() == 0; }
  bool has_value() const noexcept { return state_.index() == 0; }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() & {
    HEDDLE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    HEDDLE_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }
  Error& error() & {
    HEDDLE_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    HEDDLE_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && { return std::move(error()); }
  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }
  // and_then(f): f returns a Result; transform(f): f returns a plain value.
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return std::move(error());
    return std::forward<F>(f)(std::move(value()));
  }
  template <class F>
  auto transform(F&& f) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return std::move(error());
    return std::forward<F>(f)(std::move(value()));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  explicit operator bool() const noexcept { return !error_; }
  bool has_value() const noexcept { return !error_; }
  Error& error() & {
    HEDDLE_CHECK(error_.has_value());
    return *error_;
  }
  const Error& error() const& {
    HEDDLE_CHECK(error_.has_value());
    return *error_;
  }
  Error&& error() && { return std::move(error()); }

 private:
  std::optional<Error> error_;
};

}  // namespace heddle

#define HEDDLE_CONCAT_(a, b) a##b
#define HEDDLE_CONCAT(a, b) HEDDLE_CONCAT_(a, b)
// HEDDLE_TRY(auto x, f()): returns the error of f() from the calling function, else binds its value.
#define HEDDLE_TRY(decl, expr) HEDDLE_TRY_(HEDDLE_CONCAT(heddle_try_, __LINE__), decl, expr)
#define HEDDLE_TRY_(tmp, decl, expr)       \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  decl = *std::move(tmp)
// Returns the error of a Result<void> (or any Result whose value is not wanted).
#define HEDDLE_CHECK_OK(expr)                                    \
  do {                                                           \
    auto heddle_check_ = (expr);                                 \
    if (!heddle_check_) return std::move(heddle_check_).error(); \
  } while (false)
