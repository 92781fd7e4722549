#include "lib/inject/release_hooks.h"

#include <vector>

#include "lib/inject/probes.h"

namespace heddle {
namespace {
bool is_ours(const JsonValue& hook) {
  std::optional<JsonValue> path = hook.find({"httpGet", "path"});
  std::optional<JsonValue> port = hook.find({"httpGet", "port"});
  return path && path->as_string().value_or("") == kReleasedPath && port && port->as_integer() == kHealthPort;
}

JsonValue hooked(const JsonValue& container) {
  if (container.find({"lifecycle", "preStop"})) return container;
  JsonValue path = JsonValue::string(kReleasedPath);
  return container.with({"lifecycle", "preStop", "httpGet", "path"}, path)
      .with({"lifecycle", "preStop", "httpGet", "port"}, JsonValue::integer(kHealthPort));
}

JsonValue unhooked(const JsonValue& container) {
  std::optional<JsonValue> hook = container.find({"lifecycle", "preStop"});
  if (!hook || !is_ours(*hook)) return container;
  JsonValue out = container.without({"lifecycle", "preStop"});
  return out.find("lifecycle")->size() == 0 ? out.without({"lifecycle"}) : out;
}

template <class Change>
JsonValue each(const JsonValue& containers, Change change) {
  std::vector<JsonValue> out;
  for (size_t i = 0; i < containers.size(); ++i) out.push_back(change(containers.at(i)));
  return JsonValue::array(out);
}
}  // namespace

JsonValue with_release_hooks(const JsonValue& containers) { return each(containers, hooked); }
JsonValue without_release_hooks(const JsonValue& containers) { return each(containers, unhooked); }
}  // namespace heddle
