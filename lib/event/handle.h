// UvHandle<H>: owns a libuv handle. The handle's memory belongs to libuv from uv_close() until the close callback, so
// the C++ owner and the uv memory are separate objects; this is the only code that may call uv_close.
// Trampolines look before they leap: `if (auto* self = static_cast<T*>(h->data)) self->on_xxx();`
// Belongs to one loop; must be destroyed on that loop's thread before the Loop is.
#pragma once
#include <uv.h>

#include <memory>

#include "lib/base/assert.h"

namespace heddle {
template <class H>
struct UvClose {
  void operator()(H* handle) const noexcept {
    handle->data = nullptr;  // "owner gone" for every late callback
    uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* h) { delete reinterpret_cast<H*>(h); });
  }
};
template <class H>
using UvHandle = std::unique_ptr<H, UvClose<H>>;

// init(H*) is the uv_xxx_init call; it must not fail (only memory can be missing).
template <class H, class Init>
UvHandle<H> make_uv(void* owner, Init&& init) {
  auto raw = std::make_unique<H>();
  HEDDLE_CHECK(init(raw.get()) == 0);
  raw->data = owner;
  return UvHandle<H>(raw.release());
}
}  // namespace heddle
