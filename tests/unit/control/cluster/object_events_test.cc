#include "control/cluster/object_events.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
const WallTime kWall = parse_time("2026-01-31T12:34:56.789Z").value();
const ClusterProblem kProblem{"Service shop/hello", "metadata.annotations[heddle.dev/timeout]", "must be a duration"};

class ServiceEvents : public testing::Test {
 protected:
  ServiceEvents() {
    test::put_all(objects_, "{apiVersion: v1, kind: Service, metadata: {name: hello, namespace: shop, uid: u-1}}");
  }
  std::optional<ObjectEvents::Event> next() { return events_.next(objects_, now_, kWall); }
  MonoTime now_ = MonoTime() + 1h;
  ClusterObjects objects_;
  ObjectEvents events_{now_};
};

TEST_F(ServiceEvents, AProblemIsToldOnceOnTheObject) {
  events_.want(kProblem);
  events_.want(kProblem);
  auto event = next();

  ASSERT_TRUE(event);
  EXPECT_EQ(event->ns, "shop");
  EXPECT_EQ(text_at(event->body, {"involvedObject", "uid"}), "u-1");
  EXPECT_EQ(text_at(event->body, {"message"}), "metadata.annotations[heddle.dev/timeout]: must be a duration");
  EXPECT_EQ(text_at(event->body, {"lastTimestamp"}), "2026-01-31T12:34:56Z");
  EXPECT_FALSE(next());
}

TEST_F(ServiceEvents, TheNameIsThatOfTheMessage) {
  JsonValue service = *objects_.find(ClusterKind::kService, {"shop", "hello"});
  ClusterProblem other{kProblem.object, kProblem.field, "something else"};
  auto name = [&](const ClusterProblem& one) {
    return std::string(text_at(event_of(service, one, kWall), {"metadata", "name"}));
  };
  EXPECT_EQ(name(kProblem), name(kProblem));
  EXPECT_NE(name(kProblem), name(other));
  EXPECT_TRUE(name(kProblem).starts_with("hello."));
}

TEST_F(ServiceEvents, OthersHaveConditionsAndWhoIsGoneHasNone) {
  events_.want({"HTTPRoute shop/hello", "", "wrong"});
  events_.want({"Service shop/gone", "", "wrong"});
  EXPECT_FALSE(next());
  EXPECT_EQ(events_.waiting(), 0U);
}

TEST_F(ServiceEvents, WhoHasHadManyProblemsUsesUpNobodysEvents) {
  for (size_t i = 0; i <= ObjectEvents::kMost; ++i) {
    events_.want({kProblem.object, "", std::to_string(i)});
    now_ = now_ + 1s;
    EXPECT_TRUE(next()) << i;
  }
  events_.want({kProblem.object, "", "0"});
  EXPECT_EQ(events_.waiting(), 1U) << "the oldest is forgotten";
}

TEST_F(ServiceEvents, TheyAreFew) {
  for (int i = 0; i < 100; ++i) events_.want({kProblem.object, "", std::to_string(i)});
  size_t told = 0;
  while (next()) ++told;
  EXPECT_EQ(told, static_cast<size_t>(ObjectEvents::kBurst));
  now_ = now_ + 5s;
  while (next()) ++told;
  EXPECT_EQ(told, static_cast<size_t>(ObjectEvents::kBurst) + 5);
}
}  // namespace
}  // namespace heddle
