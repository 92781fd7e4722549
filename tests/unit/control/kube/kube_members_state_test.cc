#include "control/kube/kube_members_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/kube/kube_resource.h"
#include "control/kube/kube_time.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
constexpr WallTime kWall{1'800'000'000s};
constexpr Duration kLook = 3s;
constexpr std::string_view kOwn = "heddle-m-a-1";

KubeAnswer refused(uint16_t code) {
  KubeStatus status;
  status.code = code;
  return {{}, status};
}

// The Leases of an API server, and the one control plane that looks at them.
class KubeMembersStateTest : public testing::Test {
 protected:
  KubeMembersStateTest() {
    KubeMembersState::Options options;
    options.namespace_name = "heddle-system";
    options.mesh = "m";
    options.name = kOwn;
    options.record = "{own}";
    state_.emplace(std::move(options));
  }
  // One that renews when it is told to. Its wall clock is wherever it likes.
  void put(const std::string& name, std::string_view renewed = "0", std::string_view record = "{record}") {
    JsonValue old = server_.contains(name) ? server_[name] : object(name);
    server_[name] = old.with({"metadata", "resourceVersion"}, JsonValue::string(std::to_string(++version_)))
                        .with({"metadata", "annotations", "heddle.dev/replica"}, JsonValue::string(record))
                        .with({"spec", "renewTime"}, JsonValue::string(renewed));
  }
  JsonValue object(const std::string& name) {
    return JsonValue::object()
        .with({"metadata", "name"}, JsonValue::string(name))
        .with({"metadata", "uid"}, JsonValue::string(str_cat("uid-", std::to_string(++uids_))))
        .with({"metadata", "creationTimestamp"}, JsonValue::string(kube_micro_time(kWall + (now_ - MonoTime{}))))
        .with({"spec", "leaseDurationSeconds"}, JsonValue::integer(15));
  }
  KubeAnswer list(std::string_view more = "") const {
    std::vector<JsonValue> items;
    for (const auto& [name, lease] : server_) items.push_back(lease);
    JsonValue out = JsonValue::object()
                        .with({"items"}, JsonValue::array(items))
                        .with({"metadata", "resourceVersion"}, JsonValue::string("1"));
    return {out.with({"metadata", "continue"}, JsonValue::string(more)), std::nullopt};
  }
  void look() { EXPECT_TRUE(state_->on_list(now_, now_, list()).has_value()); }
  // Looks each kLook; `each` happens before every look.
  template <class F>
  void looks(int count, F&& each) {
    for (int i = 0; i < count; ++i) {
      now_ = now_ + kLook;
      each(i);
      look();
    }
  }
  void looks(int count) {
    looks(count, [](int) {});
  }
  // Ours as the server takes it.
  void write() {
    bool is_there = server_.contains(std::string(kOwn));
    if (state_->creates() == is_there) return state_->on_written(now_, refused(is_there ? 409 : 404));
    put(std::string(kOwn), kube_micro_time(kWall + (now_ - MonoTime{})), "{own}");
    state_->on_written(now_, {server_[std::string(kOwn)], std::nullopt});
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const KubeMembersState::Member& member : state_->members()) out.push_back(member.lease);
    return out;
  }

  MonoTime now_{1000s};
  std::map<std::string, JsonValue> server_;
  int64_t version_ = 0;
  int64_t uids_ = 0;
  std::optional<KubeMembersState> state_;
};

TEST_F(KubeMembersStateTest, WritesItsLeaseAndRenewsIt) {
  EXPECT_TRUE(state_->must_write(now_));
  ASSERT_TRUE(state_->creates());
  JsonValue body = state_->body(kWall);
  EXPECT_EQ(body.find({"metadata", "name"})->as_string(), kOwn);
  EXPECT_EQ(body.find({"metadata", "namespace"})->as_string(), "heddle-system");
  EXPECT_EQ(body.find({"metadata", "labels", "heddle.dev/mesh"})->as_string(), "m");
  EXPECT_EQ(body.find({"metadata", "annotations", "heddle.dev/replica"})->as_string(), "{own}");
  EXPECT_EQ(body.find({"spec", "leaseDurationSeconds"})->as_integer(), 15);
  EXPECT_EQ(body.find({"spec", "renewTime"})->as_string(), "2027-01-15T08:00:00.000000Z");
  EXPECT_FALSE(state_->is_kept());

  write();

  EXPECT_TRUE(state_->is_kept());
  EXPECT_FALSE(state_->creates());
  EXPECT_FALSE(state_->must_write(now_ + kLook - 1ms));
  EXPECT_TRUE(state_->must_write(now_ + kLook));
  EXPECT_EQ(state_->body(kWall).find({"spec", "acquireTime"}), std::nullopt) << "a renewal leaves it";
}

TEST_F(KubeMembersStateTest, AWriteThatFailsIsTriedAgainSooner) {
  state_->on_written(now_, refused(503));
  EXPECT_FALSE(state_->must_write(now_));
  EXPECT_TRUE(state_->must_write(now_ + kLook / 2));
  EXPECT_TRUE(state_->creates());

  put(std::string(kOwn));  // it was done after all
  write();
  EXPECT_FALSE(state_->creates());
  EXPECT_FALSE(state_->is_kept()) << "not until it was renewed";
  EXPECT_FALSE(state_->must_write(now_)) << "no tight loop";
  write();
  EXPECT_TRUE(state_->is_kept());
}

TEST_F(KubeMembersStateTest, OursThatSomebodyDeletedIsMadeAgainWhoeverSeesIt) {
  write();
  server_.clear();
  now_ = now_ + 1s;
  look();
  EXPECT_TRUE(state_->must_write(now_));
  ASSERT_TRUE(state_->creates());
  write();
  EXPECT_TRUE(server_.contains(std::string(kOwn)));

  server_.clear();
  write();  // a renewal finds nothing
  EXPECT_TRUE(state_->must_write(now_));
  EXPECT_TRUE(state_->creates());
}

TEST_F(KubeMembersStateTest, OthersAppearAndGo) {
  EXPECT_FALSE(state_->is_loaded());
  write();
  put("b", "0", "{b}");
  look();
  EXPECT_TRUE(state_->is_loaded());
  ASSERT_THAT(state_->members(), SizeIs(1)) << "us, not";
  EXPECT_EQ(state_->members()[0].record, "{b}");

  put("c");
  looks(1);
  EXPECT_THAT(names(), ElementsAre("b", "c"));
  server_.erase("b");
  looks(1);
  EXPECT_THAT(names(), ElementsAre("c"));
}

TEST_F(KubeMembersStateTest, WhoRenewsStaysWhateverItsClockSays) {
  put("b", "2001-01-01T00:00:00.000000Z");
  look();
  looks(50, [&](int i) { put("b", i % 2 == 0 ? "1999-01-01T00:00:00.000000Z" : "2099-01-01T00:00:00.000000Z"); });
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(KubeMembersStateTest, WhoIsSilentForItsDurationIsGoneAndComesBack) {
  put("b");
  look();
  looks(4);
  EXPECT_THAT(names(), ElementsAre("b")) << "for 12 s";
  looks(1);
  EXPECT_THAT(names(), IsEmpty()) << "for 15 s";

  put("b", "1");
  looks(1);
  EXPECT_THAT(names(), ElementsAre("b"));
  looks(4);
  EXPECT_THAT(names(), ElementsAre("b")) << "from the beginning";
}

// Labels and annotations are no sign of life.
TEST_F(KubeMembersStateTest, AChangeThatIsNoRenewalKeepsNobody) {
  put("b", "0", "{1}");
  look();
  looks(5, [&](int i) { put("b", "0", std::to_string(i)); });
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(KubeMembersStateTest, TheLeasesOwnDurationCountsWithinLimits) {
  put("short");
  put("long");
  put("none");
  server_["short"] = server_["short"].with({"spec", "leaseDurationSeconds"}, JsonValue::integer(1));
  server_["long"] = server_["long"].with({"spec", "leaseDurationSeconds"}, JsonValue::integer(1'000'000'000));
  server_["none"] = server_["none"].with({"spec", "leaseDurationSeconds"}, JsonValue());
  look();
  looks(2);
  EXPECT_THAT(names(), ElementsAre("long", "none", "short")) << "three looks at least";
  looks(1);
  EXPECT_THAT(names(), ElementsAre("long", "none"));
  looks(2);
  EXPECT_THAT(names(), ElementsAre("long")) << "ours, where it says none";
  looks(95);
  EXPECT_THAT(names(), IsEmpty()) << "300 s at most";
}

TEST_F(KubeMembersStateTest, AListThatFailedChangesNothing) {
  put("b");
  look();
  for (int i = 0; i < 100; ++i) {
    now_ = now_ + kLook;
    EXPECT_FALSE(state_->on_list(now_, now_, refused(503)).has_value());
    ASSERT_FALSE(state_->must_look(now_));
    ASSERT_THAT(names(), ElementsAre("b"));
  }
  looks(3);
  EXPECT_THAT(names(), ElementsAre("b")) << "nobody could renew; of the outage two looks count";
  looks(1);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(KubeMembersStateTest, WhoIsStoppedItselfTakesNobodyForSilent) {
  put("b");
  look();
  now_ = now_ + 1h;  // SIGSTOP, a laptop's lid
  look();
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(KubeMembersStateTest, TheTimeOfAnAnswerIsNotSilence) {
  put("b");
  look();
  for (int i = 0; i < 5; ++i) {  // asked 1 s after the last answer, answered 2 s later
    MonoTime sent = now_ + 1s;
    now_ = now_ + 3s;
    EXPECT_TRUE(state_->on_list(sent, now_, list()).has_value());
  }
  EXPECT_THAT(names(), ElementsAre("b")) << "it was not heard for 5 s";
}

TEST_F(KubeMembersStateTest, OneThatWasMadeAnewIsAnother) {
  put("b");
  look();
  looks(4);
  server_.erase("b");
  put("b");
  looks(4);
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(KubeMembersStateTest, WhoCameLaterHasMore) {
  put("y");
  now_ = now_ + 1s;
  put("x");
  look();  // in one look: by when they were made
  put("a");
  looks(1);
  EXPECT_THAT(names(), ElementsAre("y", "x", "a"));
  EXPECT_LT(state_->members()[0].order, state_->members()[1].order);
  EXPECT_LT(state_->members()[1].order, state_->members()[2].order);
}

TEST_F(KubeMembersStateTest, OneThatIsLongGoneIsRemovedAsItWasSeen) {
  put("b");
  look();
  looks(99);
  EXPECT_EQ(state_->take_removal(), std::nullopt) << "for 297 s";
  looks(1);
  auto removal = state_->take_removal();
  ASSERT_TRUE(removal.has_value());
  EXPECT_EQ(removal->lease, "b");
  JsonValue body = *JsonValue::parse(removal->body);
  EXPECT_EQ(body.find({"preconditions", "uid"})->as_string(), "uid-1");
  EXPECT_EQ(body.find({"preconditions", "resourceVersion"})->as_string(), "1");
  EXPECT_EQ(state_->take_removal(), std::nullopt) << "once for each look";

  looks(1);
  EXPECT_TRUE(state_->take_removal().has_value()) << "the first one failed";
  looks(1, [&](int) { put("b", "1"); });
  EXPECT_EQ(state_->take_removal(), std::nullopt) << "it lives again";
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(KubeMembersStateTest, OursIsNeverRemoved) {
  write();
  look();
  looks(200);
  EXPECT_EQ(state_->take_removal(), std::nullopt);
}

TEST_F(KubeMembersStateTest, WhatIsNoMemberCountsForNothingAndIsNamedOnce) {
  put("renewal");
  server_["renewal"] = server_["renewal"].without({"spec", "renewTime"});
  put("spec");
  server_["spec"] = server_["spec"].with({"spec"}, JsonValue::string("x"));
  put("uid");
  server_["uid"] = server_["uid"].without({"metadata", "uid"});
  put("version");
  server_["version"] = server_["version"].without({"metadata", "resourceVersion"});
  server_["x"] = JsonValue::string("no object");
  look();
  looks(3);

  EXPECT_THAT(names(), IsEmpty());
  std::vector<std::string> named;
  for (const auto& problem : state_->take_problems()) named.push_back(problem.lease);
  EXPECT_THAT(named, ElementsAre("renewal", "spec", "uid", "version", ""));
  looks(3);
  EXPECT_THAT(state_->take_problems(), IsEmpty());
}

TEST_F(KubeMembersStateTest, AnAnswerThatIsNoListChangesNothing) {
  put("b");
  look();
  for (std::string_view text :
       {"null", "[]", "{}", R"({"items":[]})", R"({"metadata":{"resourceVersion":"1"},"items":{}})",
        R"({"kind":"Status","metadata":{}})"}) {
    now_ = now_ + kLook;
    EXPECT_FALSE(state_->on_list(now_, now_, {*JsonValue::parse(text), std::nullopt}).has_value()) << text;
    EXPECT_THAT(names(), ElementsAre("b")) << text;
  }
  for (std::string_view items : {"null", R"([null,1,"a",[]])"}) {
    std::string text = str_cat(R"({"metadata":{"resourceVersion":"1"},"items":)", items, "}");
    EXPECT_TRUE(state_->on_list(now_, now_, {*JsonValue::parse(text), std::nullopt}).has_value()) << text;
    EXPECT_THAT(names(), IsEmpty()) << text;
  }
}

TEST_F(KubeMembersStateTest, ARecordThatIsTooLargeStandsForOneThatCannotBeReached) {
  put("b", "0", std::string(KubeMembersState::kMaxRecord + 1, 'x'));
  put("c", "0", std::string(KubeMembersState::kMaxRecord, 'x'));
  look();

  ASSERT_THAT(names(), ElementsAre("b", "c")) << "its sidecars are waited for";
  EXPECT_EQ(state_->members()[0].record, "");
  EXPECT_THAT(state_->members()[1].record, SizeIs(KubeMembersState::kMaxRecord));
  std::vector<KubeMembersState::Problem> problems = state_->take_problems();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].text, HasSubstr("4096"));
}

TEST_F(KubeMembersStateTest, OfTooManyTheFirstAreKnown) {
  for (size_t i = 0; i < KubeMembersState::kMaxMembers + 10; ++i) put(str_cat("n", std::to_string(1000 + i)));
  EXPECT_TRUE(state_->on_list(now_, now_, list("more")).has_value());

  EXPECT_EQ(state_->size(), KubeMembersState::kMaxMembers);
  EXPECT_FALSE(state_->take_problems().empty());
  server_.erase("n1000");
  now_ = now_ + kLook;
  EXPECT_TRUE(state_->on_list(now_, now_, list("more")).has_value());
  EXPECT_EQ(names().front(), "n1000") << "of a list that is cut nobody is known to be missing";
  looks(1);
  EXPECT_NE(names().front(), "n1000");
}

TEST_F(KubeMembersStateTest, AListThatIsCutSaysNothingOfOurs) {
  write();
  server_.clear();
  EXPECT_TRUE(state_->on_list(now_, now_, list("more")).has_value());
  EXPECT_TRUE(state_->is_kept());
}

TEST_F(KubeMembersStateTest, ALookThatIsAskedForIsSoonAndNotTooOften) {
  look();
  EXPECT_FALSE(state_->must_look(now_));
  state_->look_soon(now_);
  EXPECT_FALSE(state_->must_look(now_ + KubeMembersState::kLeastBetweenLooks - 1ms));
  EXPECT_TRUE(state_->must_look(now_ + KubeMembersState::kLeastBetweenLooks));
  EXPECT_EQ(state_->wake_at(), MonoTime()) << "our Lease is still to be written";
}

TEST_F(KubeMembersStateTest, AsksForTheLeasesOfItsMeshAlone) {
  EXPECT_EQ(state_->query(), "labelSelector=heddle.dev%2Fmesh%3Dm&limit=256");
}

TEST(KubeMemberLease, IsAValidNameOfAnObject) {
  EXPECT_EQ(kube_member_lease("default", "heddle-control-0", "0123456789ab"),
            "heddle-default-heddle-control-0-0123456789ab");
  EXPECT_LE(kube_member_lease(std::string(63, 'a'), std::string(63, 'b'), std::string(32, 'c')).size(), 253U);
}
}  // namespace
}  // namespace heddle
