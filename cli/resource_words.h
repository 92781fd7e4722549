// Resources as people name them on a command line: `httproute`, `hr`, `HTTPRoute.gateway.networking.k8s.io`,
// `hr/hello`. And as `heddle` prints them: "httproute.gateway.networking.k8s.io/hello", which it reads again. Pure.
#pragma once
#include <string>
#include <vector>

#include "lib/api/resource.h"

namespace heddle {
// kBadRequest for an unknown word (with the nearest known one) and for a kind of a later version.
Result<Kind> parse_kind_word(std::string_view word);

struct ResourceWords {
  Kind kind = Kind::kService;
  std::vector<std::string> names;  // empty: all of the kind
};
// `KIND`, `KIND NAME...`, `KIND/NAME`; every name is checked.
Result<ResourceWords> parse_resource_words(const std::vector<std::string>& words);
// `KIND NAME...` or `KIND/NAME KIND/NAME...`, all in one namespace.
Result<std::vector<ResourceKey>> parse_resource_keys(const std::vector<std::string>& words, std::string_view ns);

// "httproutes.gateway.networking.k8s.io", "httproute.gateway.networking.k8s.io/hello"
std::string resource_type(Kind);
std::string resource_name(Kind, std::string_view name);
std::string resource_name(const ResourceKey&);
// "HTTPRoute shop/hello", for prose; what is no key's text stays as it is.
std::string resource_title(const std::string& key_text);
}  // namespace heddle
