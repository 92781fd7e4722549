#include "control/source/namespace_book.h"

namespace heddle {
namespace {
JsonValue essentials(const JsonValue& object) {
  JsonValue out = JsonValue::object();
  for (std::string_view field : {"labels", "annotations"}) {
    if (auto found = object.find({"metadata", field})) out = out.with({"metadata", field}, *found);
  }
  return out;
}
}  // namespace

NamespaceBook::NamespaceBook(KubeClient& client, Random& random)
    : watch_(client, random, {{"", "v1", "namespaces"}}, *this) {}

std::optional<JsonValue> NamespaceBook::find(std::string_view name) const {
  auto found = namespaces_.find(name);
  return found == namespaces_.end() ? std::nullopt : std::optional(found->second);
}

void NamespaceBook::on_synced(const std::vector<JsonValue>& objects) {
  for (const JsonValue& object : objects) {
    if (Result<KubeKey> key = KubeKey::of(object)) on_put(*key, object);
  }
}

void NamespaceBook::on_put(const KubeKey& key, const JsonValue& object) {
  namespaces_.insert_or_assign(key.name, essentials(object));
}

void NamespaceBook::on_delete(const KubeKey& key) { namespaces_.erase(key.name); }
}  // namespace heddle
