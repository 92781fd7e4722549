#include "control/replicas/mesh_lines.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
StoredResource::Ptr resource(const std::string& name, size_t size = 10) {
  ResourceKey key{Kind::kService, "default", name};
  std::string bytes = str_cat(R"({"x":")", std::string(size, 'x'), R"("})");
  return StoredResource::make(key, bytes, {"uid", 3, WallTime{5s}, {1, 2}});
}

std::optional<MeshUpdate> read(MeshReader& reader, const std::vector<std::string>& lines) {
  std::optional<MeshUpdate> out;
  for (const std::string& line : lines) {
    EXPECT_FALSE(out.has_value()) << "it is whole with its last line";
    EXPECT_LE(line.size(), kMaxMeshLine);
    Result<std::optional<MeshUpdate>> got = reader.on_line(line);
    EXPECT_TRUE(got.has_value()) << got.error().text();
    if (got) out = *std::move(got);
  }
  return out;
}

TEST(MeshLines, AStateComesAsItWasInManyLines) {
  View view = View().with(resource("a", 600'000)).with(resource("b")).at({4, 9});
  std::vector<std::string> lines = encode_mesh_state(view);
  EXPECT_GT(lines.size(), 3U);
  MeshReader reader;
  std::optional<MeshUpdate> got = read(reader, lines);

  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->is_state);
  EXPECT_EQ(got->version, (Version{4, 9}));
  ASSERT_EQ(got->puts.size(), 2U);
  EXPECT_EQ(got->puts[0].now->bytes(), view.find(got->puts[0].key)->bytes());
  EXPECT_EQ(got->puts[0].now->digest(), view.find(got->puts[0].key)->digest());
  EXPECT_EQ(got->puts[1].now->meta().uid, "uid");
  EXPECT_EQ(got->puts[1].now->meta().version, (Version{1, 2}));
}

TEST(MeshLines, AChangePutsAndErases) {
  StoredResource::Ptr a = resource("a");
  StoredResource::Ptr b = resource("b");
  Event event{{4, 10}, {"kubernetes", "why", WallTime{7s}}, {{a->key(), nullptr, a}, {b->key(), b, nullptr}}, View()};
  MeshReader reader;
  std::optional<MeshUpdate> got = read(reader, encode_mesh_change(event));

  ASSERT_TRUE(got.has_value());
  EXPECT_FALSE(got->is_state);
  EXPECT_EQ(got->note, event.note);
  ASSERT_EQ(got->puts.size(), 2U);
  EXPECT_EQ(got->puts[0].now->bytes(), a->bytes());
  EXPECT_EQ(got->puts[1].now, nullptr);
  EXPECT_EQ(read(reader, encode_mesh_state(View().at({5, 10})))->puts.size(), 0U) << "an empty one is whole at once";
}

TEST(MeshLines, HeartbeatsSayNothingAndWrongLinesAreRefused) {
  MeshReader reader;
  EXPECT_FALSE(reader.on_line(encode_mesh_heartbeat())->has_value());
  for (std::string_view wrong :
       {"x", "[]", R"({"part":"eA=="})", R"({"state":{}})",
        R"({"state":{"version":"1","author":"","message":"","time":0,"bytes":1}})",
        R"({"state":{"version":"1.1","author":"","message":"","time":0,"bytes":-1}})",
        R"({"state":{"version":"1.1","author":"","message":"","time":0,"bytes":999999999}})"}) {
    EXPECT_FALSE(MeshReader().on_line(wrong).has_value()) << wrong;
  }
  std::string_view head = R"({"change":{"version":"1.1","author":"","message":"","time":0,"bytes":1}})";
  EXPECT_TRUE(reader.on_line(head).has_value());
  EXPECT_FALSE(reader.on_line(head).has_value()) << "the one before is not whole";
}
}  // namespace
}  // namespace heddle
