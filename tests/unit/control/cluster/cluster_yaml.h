// Objects of a cluster from YAML, for the tests of this folder.
#pragma once
#include <gtest/gtest.h>

#include "control/cluster/cluster_objects.h"
#include "lib/base/strings.h"
#include "lib/config/yaml.h"

namespace heddle::test {
inline void put_all(ClusterObjects& objects, std::string_view yaml) {
  Result<std::vector<Document>> documents = parse_documents(yaml, "test.yaml");
  ASSERT_TRUE(documents) << documents.error().detail;
  for (const Document& one : *documents) {
    std::string_view word = text_at(one.value, {"kind"});
    bool is_core = false;
    for (size_t i = 0; i < kClusterKinds; ++i) {
      auto kind = static_cast<ClusterKind>(i);
      bool is_ours = text_at(one.value, {"apiVersion"}).starts_with("heddle.dev/");
      if (to_text(kind) == word && !is_ours) is_core = objects.put(kind, one.value);
    }
    if (is_core) continue;
    const KindInfo* kind = find_kind(to_lower(word));
    ASSERT_NE(kind, nullptr) << word;
    Result<ResourceKey> key = ResourceKey::make(kind->kind, text_at(one.value, {"metadata", "namespace"}),
                                                text_at(one.value, {"metadata", "name"}));
    ASSERT_TRUE(key);
    objects.put_resource(*key, one.value);
  }
}

inline JsonValue one_of_yaml(std::string_view yaml) {
  Result<std::vector<Document>> documents = parse_documents(yaml, "test.yaml");
  return documents && documents->size() == 1 ? documents->front().value : JsonValue();
}
}  // namespace heddle::test
