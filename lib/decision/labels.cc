#include "lib/decision/labels.h"

#include "lib/base/strings.h"

namespace heddle {
std::string short_name(const ResourceKey& key) { return str_cat(key.ns, "/", key.name); }

std::string label(const ResourceKey& key) { return str_cat(info(key.kind).name, " ", short_name(key)); }

std::string label(const RouteRule& rule) {
  const std::string& name = rule.spec().name;
  return str_cat(label(rule.route->key), " rule ", std::to_string(rule.index), name.empty() ? "" : " (", name,
                 name.empty() ? "" : ")");
}

std::string label(const PathMatch& path) { return str_cat(to_text(path.type), " ", path.value); }
}  // namespace heddle
