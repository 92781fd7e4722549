#include "proxy/app/redirect.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_wildcard(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

bool is_own(const Address& own, const Address& to, const Address& local) {
  if (own == to) return true;
  bool any = own.family() == to.family() && own.port() == to.port() && is_wildcard(own);
  return any && local.with_port(to.port()) == to;
}
}  // namespace

Result<Address> redirected_from(const ConnectionInfo& info, std::span<const Address> own) {
  if (!info.original_dst || !info.original_dst->is_ip()) {
    return make_error(Reason::kNotRedirected, "the kernel knows of no redirection", Origin::kDownstream);
  }
  const Address& to = *info.original_dst;
  bool is_ours = to == info.local || std::any_of(own.begin(), own.end(), [&](const Address& address) {
                   return is_own(address, to, info.local);
                 });
  if (!is_ours) return to;
  return make_error(Reason::kNotRedirected, str_cat(to.text(), " is an address of our own"), Origin::kDownstream);
}
}  // namespace heddle
