#include "control/kube/kube_watch_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/kube/kube_limits.h"
#include "lib/base/strings.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Step = KubeWatchState::Step;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string object(std::string_view name, std::string_view version) {
  return str_cat(R"({"metadata":{"namespace":"a","name":")", name, R"(","resourceVersion":")", version,
                 R"(","managedFields":[{"manager":"x"}]}})");
}
std::string event(std::string_view type, std::string_view name, std::string_view version) {
  return str_cat(R"({"type":")", type, R"(","object":)", object(name, version), "}");
}
KubeAnswer page(const std::vector<std::string>& objects, std::string_view version, std::string_view rest = "") {
  return {*JsonValue::parse(str_cat(R"({"kind":"PodList","metadata":{"resourceVersion":")", version,
                                    R"(","continue":")", rest, R"("},"items":[)", join(objects, ","), "]}")),
          std::nullopt};
}
KubeAnswer refused(uint16_t code, std::optional<Duration> retry_after = {}) {
  KubeStatus status;
  status.code = code;
  status.retry_after = retry_after;
  return {{}, status};
}
Error closed() { return make_error(Reason::kNone, ""); }
Error cut_off() { return make_error(Reason::kUpstreamReset, "reset"); }

// The server's side: what it is asked and what the state tells of its answers.
class KubeWatchStateTest : public testing::Test {
 protected:
  Step step() { return state.next(now); }
  // As far as the next thing to do.
  Step step_when_due() {
    if (std::optional<MonoTime> at = state.wake_at()) now = std::max(now, *at);
    return step();
  }
  // "a/x@3" for a put, "-a/x" for a delete.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const KubeChange& change : state.take_changes()) {
      out.push_back(change.object ? str_cat(change.key.text(), "@", resource_version(*change.object))
                                  : str_cat("-", change.key.text()));
    }
    return out;
  }
  void list(const std::vector<std::string>& objects, std::string_view version) {
    ASSERT_EQ(step_when_due(), Step::kList);
    state.on_page(now, page(objects, version));
  }
  void open() {
    ASSERT_EQ(step_when_due(), Step::kWatch);
    state.on_opened(now, {});
  }
  void say(std::string_view type, std::string_view name, std::string_view version) {
    state.on_line(now, event(type, name, version));
  }

  MonoTime now{1000s};
  SeededRandom random;
  KubeWatchState state{random, {{"", "v1", "pods"}, "", "app=x", "spec.nodeName=n"}};
};

TEST_F(KubeWatchStateTest, ListsAndThenWatchesFromThere) {
  EXPECT_EQ(step(), Step::kList);
  EXPECT_EQ(state.path(), "/api/v1/pods");
  EXPECT_EQ(state.query(), "limit=250&labelSelector=app%3Dx&fieldSelector=spec.nodeName%3Dn");
  EXPECT_EQ(step(), Step::kWait) << "one request at a time";

  state.on_page(now, page({object("x", "3"), object("y", "5")}, "7"));

  EXPECT_TRUE(state.is_synced());
  EXPECT_THAT(told(), ElementsAre("a/x@3", "a/y@5"));
  EXPECT_EQ(step(), Step::kWatch);
  EXPECT_THAT(state.query(), HasSubstr("watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds="));
  EXPECT_THAT(state.query(), HasSubstr("&labelSelector=app%3Dx&fieldSelector=spec.nodeName%3Dn"));
}

TEST_F(KubeWatchStateTest, PagesAreToldTogether) {
  ASSERT_EQ(step(), Step::kList);
  state.on_page(now, page({object("x", "3")}, "7", "next/page"));
  EXPECT_FALSE(state.is_synced());
  EXPECT_THAT(told(), IsEmpty());
  ASSERT_EQ(step(), Step::kList);
  EXPECT_THAT(state.query(), HasSubstr("&continue=next%2Fpage"));

  state.on_page(now, page({object("y", "5")}, "7"));

  EXPECT_THAT(told(), ElementsAre("a/x@3", "a/y@5"));
}

TEST_F(KubeWatchStateTest, ARestOfAListThatHasExpiredBeginsTheListAnew) {
  ASSERT_EQ(step(), Step::kList);
  state.on_page(now, page({object("x", "3")}, "7", "rest"));
  ASSERT_EQ(step(), Step::kList);
  state.on_page(now, refused(410));
  EXPECT_EQ(step(), Step::kWait) << "not at once";

  ASSERT_EQ(step_when_due(), Step::kList);
  EXPECT_THAT(state.query(), Not(HasSubstr("continue")));
  state.on_page(now, page({object("y", "9")}, "9"));

  EXPECT_THAT(told(), ElementsAre("a/y@9")) << "x was of a list that is void";
}

TEST_F(KubeWatchStateTest, PagesThatAreTooLargeBecomeShorter) {
  ASSERT_EQ(step(), Step::kList);
  for (std::string_view limit : {"limit=62&", "limit=15&", "limit=3&", "limit=1&", "limit=1&"}) {
    state.on_page(now, KubeAnswer::failed(make_error(Reason::kTooLarge, "the body")));
    ASSERT_EQ(step_when_due(), Step::kList);
    EXPECT_THAT(state.query(), testing::StartsWith(std::string(limit)));
  }
  state.on_page(now, page({object("x", "3")}, "7", "rest"));
  list({object("y", "5")}, "7");

  EXPECT_THAT(told(), ElementsAre("a/x@3", "a/y@5"));
}

TEST_F(KubeWatchStateTest, AnObjectWithANulStopsNobody) {
  list({}, "7");
  open();

  state.on_line(now, R"({"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":"8",
      "annotations":{"a":"1\u0000\\u0000\\\u0000"}}}})");

  std::vector<KubeChange> changes = state.take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].object->find({"metadata", "annotations", "a"})->as_string(), "1\uFFFD\\u0000\\\uFFFD");
}

TEST_F(KubeWatchStateTest, APageThatFailsIsAskedForAgain) {
  ASSERT_EQ(step(), Step::kList);
  state.on_page(now, page({object("x", "3")}, "7", "rest"));
  ASSERT_EQ(step(), Step::kList);
  state.on_page(now, KubeAnswer::failed(cut_off()));

  ASSERT_EQ(step_when_due(), Step::kList);
  EXPECT_THAT(state.query(), HasSubstr("continue=rest"));
  state.on_page(now, page({object("y", "5")}, "7"));

  EXPECT_THAT(told(), ElementsAre("a/x@3", "a/y@5"));
}

TEST_F(KubeWatchStateTest, TellsEventsOnceEach) {
  list({object("x", "3")}, "7");
  told();
  open();

  say("MODIFIED", "x", "8");
  say("MODIFIED", "x", "8");
  say("ADDED", "y", "9");
  say("DELETED", "x", "10");
  say("DELETED", "x", "10");

  EXPECT_THAT(told(), ElementsAre("a/x@8", "a/y@9", "-a/x"));
}

TEST_F(KubeWatchStateTest, ObjectsComeWithoutManagedFields) {
  list({object("x", "3")}, "7");

  std::vector<KubeChange> changes = state.take_changes();

  ASSERT_EQ(changes.size(), 1U);
  EXPECT_FALSE(changes[0].object->find({"metadata", "managedFields"}).has_value());
}

TEST_F(KubeWatchStateTest, AnOrderlyEndGoesOnAtOnceFromTheLastVersion) {
  list({}, "7");
  open();
  say("ADDED", "x", "8");

  state.on_closed(now, closed());

  EXPECT_EQ(step(), Step::kWatch);
  EXPECT_THAT(state.query(), HasSubstr("resourceVersion=8&"));
  EXPECT_EQ(state.relists(), 0U);
}

TEST_F(KubeWatchStateTest, ABookmarkMovesTheVersionAndTellsNothing) {
  list({}, "7");
  open();

  state.on_line(now, R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"50"}}})");
  state.on_closed(now, closed());

  EXPECT_THAT(told(), IsEmpty());
  ASSERT_EQ(step(), Step::kWatch);
  EXPECT_THAT(state.query(), HasSubstr("resourceVersion=50&"));
}

TEST_F(KubeWatchStateTest, AWatchThatEndsAtOnceWaits) {
  list({}, "7");
  open();

  state.on_closed(now, closed());

  EXPECT_EQ(step(), Step::kWait);
  EXPECT_GE(*state.wake_at(), now + 800ms);
  EXPECT_EQ(step_when_due(), Step::kWatch) << "no list";
}

TEST_F(KubeWatchStateTest, ACutConnectionGoesOnFromTheLastVersionAfterAWhile) {
  list({}, "7");
  open();
  say("ADDED", "x", "8");

  state.on_closed(now, cut_off());

  EXPECT_EQ(step(), Step::kWait);
  ASSERT_TRUE(state.trouble().has_value());
  EXPECT_EQ(state.trouble()->reason, Reason::kUpstreamReset);
  ASSERT_EQ(step_when_due(), Step::kWatch);
  EXPECT_THAT(state.query(), HasSubstr("resourceVersion=8&"));
  state.on_opened(now, {});
  EXPECT_FALSE(state.trouble().has_value());
}

TEST_F(KubeWatchStateTest, AfterARelistTheDifferenceIsTold) {
  list({object("x", "3"), object("y", "4"), object("z", "5")}, "7");
  told();
  open();

  state.on_line(now,
                R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}})");
  EXPECT_FALSE(state.is_watching());
  EXPECT_EQ(step(), Step::kWait) << "not at once";
  say("ADDED", "late", "8");  // of the stream that is over
  list({object("x", "3"), object("y", "11"), object("n", "12")}, "20");

  EXPECT_THAT(told(), ElementsAre("-a/z", "a/n@12", "a/y@11"));
  EXPECT_EQ(state.relists(), 1U);
  ASSERT_EQ(step(), Step::kWatch);
  EXPECT_THAT(state.query(), HasSubstr("resourceVersion=20&"));
}

TEST_F(KubeWatchStateTest, ARefusalOfTheVersionListsAnew) {
  for (uint16_t code : std::initializer_list<uint16_t>{410, 400}) {
    SCOPED_TRACE(code);
    list({}, "7");
    ASSERT_EQ(step_when_due(), Step::kWatch);
    state.on_opened(now, refused(code));
    EXPECT_EQ(step_when_due(), Step::kList);
    state.on_page(now, KubeAnswer::failed(cut_off()));
  }
}

TEST_F(KubeWatchStateTest, AVersionThatIsTooLargeListsAnew) {
  list({}, "7");
  ASSERT_EQ(step(), Step::kWatch);
  KubeAnswer answer = refused(504);
  answer.failure->causes.push_back({"ResourceVersionTooLarge", "", ""});

  state.on_opened(now, answer);

  EXPECT_EQ(step_when_due(), Step::kList);
}

TEST_F(KubeWatchStateTest, WhatCannotBeReadListsAnew) {
  for (std::string_view line :
       {R"({not JSON)", R"({"type":"REPLACED","object":{"metadata":{"name":"x","resourceVersion":"8"}}})",
        R"({"type":"ADDED","object":{"metadata":{"name":"x"}}})",
        R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"8"}}})", R"({"type":"ADDED"})"}) {
    SCOPED_TRACE(line);
    list({}, "7");
    open();
    state.on_line(now, line);
    EXPECT_EQ(state.trouble()->reason, Reason::kUpstreamProtocolError);
    EXPECT_EQ(step_when_due(), Step::kList);
    state.on_page(now, KubeAnswer::failed(cut_off()));
  }
}

TEST_F(KubeWatchStateTest, AnEventThatIsTooLargeListsAnew) {
  list({}, "7");
  open();

  state.on_closed(now, make_error(Reason::kTooLarge, "a line exceeds its limit"));

  EXPECT_EQ(step_when_due(), Step::kList);
}

TEST_F(KubeWatchStateTest, A401IsAskedAgainAtOnceAndThenLater) {
  list({}, "7");
  ASSERT_EQ(step(), Step::kWatch);
  state.on_opened(now, refused(401));
  EXPECT_EQ(step(), Step::kWatch) << "with the token as it is now";

  state.on_opened(now, refused(401));

  EXPECT_EQ(step(), Step::kWait);
}

TEST_F(KubeWatchStateTest, RetryAfterIsHonoured) {
  list({}, "7");
  ASSERT_EQ(step(), Step::kWatch);

  state.on_opened(now, refused(429, 30s));

  EXPECT_GE(*state.wake_at(), now + 30s);
}

TEST_F(KubeWatchStateTest, WaitsLongerFromTimeToTimeUpToAMinute) {
  Duration longest{};
  Duration shortest = 24h;
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(step_when_due(), Step::kList);
    state.on_page(now, KubeAnswer::failed(cut_off()));
    Duration wait = *state.wake_at() - now;
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_GE(shortest, 799ms);
  EXPECT_LE(longest, 60001ms);
  EXPECT_GE(longest, 29999ms);
}

TEST_F(KubeWatchStateTest, ASilentWatchIsDroppedAndGoesOnFromTheSameVersion) {
  list({}, "7");
  open();
  now = now + kKubeSilence - 1s;
  EXPECT_EQ(step(), Step::kWait);
  say("ADDED", "x", "8");
  now = now + 2s;
  EXPECT_EQ(step(), Step::kWait) << "it spoke";

  now = now + kKubeSilence;

  EXPECT_EQ(step(), Step::kDrop);
  EXPECT_FALSE(state.is_watching());
  EXPECT_FALSE(state.trouble().has_value()) << "what does not change is quiet";
  ASSERT_EQ(step(), Step::kWatch) << "at once";
  EXPECT_THAT(state.query(), HasSubstr("resourceVersion=8&"));
}

TEST_F(KubeWatchStateTest, SilenceIsNotBelievedForEver) {
  list({object("x", "3")}, "7");
  told();
  for (size_t i = 0; i < kKubeSilentWatches; ++i) {
    open();
    ASSERT_EQ(step_when_due(), Step::kDrop);
  }

  list({}, "5");  // a server that was restored from a backup

  EXPECT_THAT(told(), ElementsAre("-a/x"));
}

TEST_F(KubeWatchStateTest, AWatchThatIsNeverOpenedIsDropped) {
  list({}, "7");
  ASSERT_EQ(step(), Step::kWatch);

  EXPECT_EQ(step_when_due(), Step::kDrop);
  EXPECT_TRUE(state.trouble().has_value());
  EXPECT_EQ(step(), Step::kWait) << "not at once";
}

TEST_F(KubeWatchStateTest, AServerThatForgetsItsTimeoutIsDroppedThoughItSpeaks) {
  list({}, "7");
  open();
  MonoTime begun = now;
  Step last = Step::kWait;
  for (int i = 0; i < 100 && last == Step::kWait; ++i) {
    now = now + 10s;
    state.on_line(now, R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"50"}}})");
    last = step();
  }

  EXPECT_EQ(last, Step::kDrop);
  EXPECT_GE(now - begun, kKubeWatchLeast);
  EXPECT_LE(now - begun, 2 * kKubeWatchLeast + 30s);
}

TEST_F(KubeWatchStateTest, AListWithoutItemsOrVersionIsRefused) {
  for (std::string_view text : {R"({"metadata":{"resourceVersion":"7"},"items":{}})", R"({"items":[]})",
                                R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{}}]})"}) {
    SCOPED_TRACE(text);
    ASSERT_EQ(step_when_due(), Step::kList);
    state.on_page(now, {*JsonValue::parse(text), std::nullopt});
    EXPECT_FALSE(state.is_synced());
    EXPECT_EQ(state.trouble()->reason, Reason::kUpstreamProtocolError);
  }
  list({}, "7");
  EXPECT_TRUE(state.is_synced());
}
}  // namespace
}  // namespace heddle
