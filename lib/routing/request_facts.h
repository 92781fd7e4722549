// What routing may know about a request: views into its head, nothing of codecs or connections. Valid while the head
// lives. Made once per request, on the worker's stack.
#pragma once
#include <optional>
#include <string_view>

#include "lib/http/head.h"

namespace heddle {
// Header fields behind one function pointer: a HeaderMap on the request path, anything with the same get() elsewhere
// (`explain` replays recorded requests). Does not own.
class HeaderView {
 public:
  HeaderView() = default;  // no fields
  template <class M>
  requires(!std::is_same_v<M, HeaderView>) explicit HeaderView(const M& map) noexcept
      : map_(&map), get_([](const void* m, std::string_view name) { return static_cast<const M*>(m)->get(name); }) {}
  // First value; the name in lower case.
  std::optional<std::string_view> get(std::string_view lower_name) const {
    return get_ == nullptr ? std::nullopt : get_(map_, lower_name);
  }

 private:
  using Get = std::optional<std::string_view> (*)(const void*, std::string_view);
  const void* map_ = nullptr;
  Get get_ = nullptr;
};

struct RequestFacts {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;  // with port, as sent
  std::string_view path;       // without query; byte-identical to what is forwarded
  std::string_view query;      // without '?'
  HeaderView headers;
};

RequestFacts facts_of(const RequestHead&);

// The host of an authority, without brackets and port, and the port when there is one that is a number.
struct HostPort {
  std::string_view host;
  std::optional<uint16_t> port;
};
// Nothing when the authority is malformed ("host:", "host:99999", "[::1").
std::optional<HostPort> split_authority(std::string_view authority) noexcept;
}  // namespace heddle
