// What an intercepted connection's ends say: whether somebody redirected it to us, and where it wanted to go. Pure.
#pragma once
#include <span>

#include "lib/base/result.h"
#include "lib/net/transport.h"

namespace heddle {
// The original destination, or kNotRedirected: there is none, or it is this socket's own address or one of `own`
// (addresses of our listeners; 0.0.0.0 and [::] stand for the address that was called). Who went on from there would
// call itself for ever.
Result<Address> redirected_from(const ConnectionInfo&, std::span<const Address> own);
}  // namespace heddle
