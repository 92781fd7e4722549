#include "cli/context_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

std::string context_json(std::string_view address, std::string_view id, std::string_view token) {
  TestCa ca("cluster.local");
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("address", address).field("id", id).field("ca", ca.root_pem());
  writer.field("token", token).end_object();
  return out;
}
constexpr char kId[] = "spiffe://cluster.local/ns/heddle-system/sa/heddle-control";

TEST(CliContextFile, ReadsWhatTheControlPlaneWrites) {
  auto context = ContextFile::parse(context_json("127.0.0.1:15080", kId, "s3cret"));

  ASSERT_TRUE(context) << context.error().text();
  EXPECT_EQ(context->address.text(), "127.0.0.1:15080");
  EXPECT_EQ(context->id.text(), kId);
  EXPECT_EQ(context->token.view(), "s3cret");
  EXPECT_NE(context->bundle.find("cluster.local"), nullptr);
}

TEST(CliContextFile, NamesEveryProblemButNeverTheToken) {
  auto context = ContextFile::parse(context_json("control", "spiffe://X", "s3cret with spaces"));

  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().reason, Reason::kConfigInvalid);
  EXPECT_THAT(context.error().detail, HasSubstr("address: "));
  EXPECT_THAT(context.error().detail, HasSubstr("id: "));
  EXPECT_THAT(context.error().detail, HasSubstr("token: "));
  EXPECT_THAT(context.error().detail, Not(HasSubstr("s3cret")));
}

TEST(CliContextFile, RefusesUnknownAndMissingFields) {
  auto context = ContextFile::parse(R"({"adress":"127.0.0.1:1"})");

  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().detail, HasSubstr("adress"));
  EXPECT_THAT(context.error().detail, HasSubstr("token: is required"));
}

class CliContextFileOnDisk : public testing::Test {
 protected:
  CliContextFileOnDisk() {
    char name[] = "/tmp/heddle-context-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~CliContextFileOnDisk() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(CliContextFileOnDisk, SaysHowToGetOneWhenThereIsNone) {
  auto context = ContextFile::load(directory_ + "/none.json");

  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().reason, Reason::kNotFound);
  EXPECT_THAT(context.error().detail, HasSubstr("none.json; heddle-control writes admin.context"));
}

TEST_F(CliContextFileOnDisk, RefusesAFileThatOthersMayRead) {
  std::string path = directory_ + "/context.json";
  ASSERT_TRUE(atomic_write(path, context_json("127.0.0.1:1", kId, "t"), 0600));
  EXPECT_TRUE(ContextFile::load(path));

  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);

  auto context = ContextFile::load(path);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().reason, Reason::kForbidden);
  EXPECT_THAT(context.error().detail, HasSubstr("chmod 600 " + path));
}
}  // namespace
}  // namespace heddle
