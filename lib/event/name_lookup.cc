#include "lib/event/name_lookup.h"

#include <netdb.h>

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
struct InfoDelete {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

Error failed(std::string_view host, std::string_view why) {
  return make_error(Reason::kUpstreamConnectFailed, str_cat("looking up ", in_quotes(host), ": ", why),
                    Origin::kUpstream);
}

Result<std::vector<Address>> look_up(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  std::unique_ptr<addrinfo, InfoDelete> list(raw);
  if (code != 0) return failed(host, ::gai_strerror(code));
  std::vector<Address> out;
  for (const addrinfo* at = list.get(); at != nullptr && out.size() < NameLookup::kMaxAddresses; at = at->ai_next) {
    Address address = Address::from_sockaddr(at->ai_addr).with_port(port);
    if (address.is_ip() && std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  if (out.empty()) return failed(host, "it has no address");
  return out;
}
}  // namespace

Pending NameLookup::find(std::string host, uint16_t port, OnFound done) {
  bool may_run = running_->fetch_add(1) < kMaxAtOnce;
  // Given back with the work itself: work that is cancelled before it begins never runs.
  std::shared_ptr<void> place(nullptr, [running = running_](void*) { running->fetch_sub(1); });
  auto work = [host = std::move(host), port, may_run,
               place = std::move(place)]() mutable -> Result<std::vector<Address>> {
    auto found = may_run ? look_up(host, port) : failed(host, "earlier lookups have not ended");
    place.reset();
    return found;
  };
  return offload_.compute(std::move(work), std::move(done));
}
}  // namespace heddle
