// UniqueFunction<Sig>: a move-only callable (std::move_only_function is C++23). Owns what it captures.
// Calling an empty one aborts. Not for the request path: it allocates.
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

#include "lib/base/assert.h"

namespace heddle {
template <class Sig>
class UniqueFunction;

template <class R, class... A>
class UniqueFunction<R(A...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: implicit by design
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, A...>)
      UniqueFunction(F&& f)
      : target_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(f))) {}  // NOLINT
  explicit operator bool() const noexcept { return target_ != nullptr; }
  R operator()(A... args) {
    HEDDLE_CHECK(target_ != nullptr);
    return target_->call(std::forward<A>(args)...);
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(A...) = 0;
  };
  template <class F>
  struct Holder final : Base {
    explicit Holder(F f) : function(std::move(f)) {}
    R call(A... args) override { return function(std::forward<A>(args)...); }
    F function;
  };
  std::unique_ptr<Base> target_;
};

using Task = UniqueFunction<void()>;
}  // namespace heddle
