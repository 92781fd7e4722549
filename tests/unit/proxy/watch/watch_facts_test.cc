// What a sidecar answers when it is asked for what it remembers.
#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;

KeptFacts kept(size_t count) {
  RequestFact fact;
  fact.version = {1, 1};
  return {std::vector<RequestFact>(count, fact), count * 16};
}

class WatchClientFactsTest : public WatchRig {
 protected:
  void remember() {
    client_.set_facts([this](size_t most, WatchClient::OnFacts answer) {
      asked_.push_back(most);
      answers_.push_back(std::move(answer));
    });
  }
  std::vector<WatchFacts> said() const { return channel_.heard_of<WatchFacts>(); }
  std::vector<size_t> asked_;
  std::vector<WatchClient::OnFacts> answers_;
};

TEST_F(WatchClientFactsTest, SaysThatItRemembers) {
  remember();

  connect();

  EXPECT_EQ(last_hello().features, std::vector<std::string>{std::string(kFactsFeature)});
}

TEST_F(WatchClientFactsTest, WithoutThemItHasNotTheFeature) {
  connect();

  EXPECT_TRUE(last_hello().features.empty());
}

TEST_F(WatchClientFactsTest, AnswersInPartsOfWhichTheLastSaysSo) {
  remember();
  connect();
  channel_.say(WatchFactsRequest{7, 250});
  ASSERT_EQ(asked_, std::vector<size_t>{250});
  EXPECT_TRUE(said().empty());

  answers_[0](kept(250));

  ASSERT_EQ(said().size(), 3u);
  EXPECT_FALSE(said()[0].last);
  EXPECT_TRUE(said()[2].last);
  EXPECT_EQ(said()[2].id, 7u);
  EXPECT_EQ(said()[2].seen, 4000u);
}

TEST_F(WatchClientFactsTest, AskedAgainMeanwhileTheNewestQuestionIsAnswered) {
  remember();
  connect();
  channel_.say(WatchFactsRequest{7, 10});
  channel_.say(WatchFactsRequest{8, 10});
  ASSERT_EQ(answers_.size(), 1u);

  answers_[0](kept(1));

  ASSERT_EQ(said().size(), 1u);
  EXPECT_EQ(said()[0].id, 8u);
}

TEST_F(WatchClientFactsTest, TheNewestQuestionSaysHowManyItTakes) {
  remember();
  connect();
  channel_.say(WatchFactsRequest{7, 90});
  channel_.say(WatchFactsRequest{8, 3});
  KeptFacts many = kept(90);
  many.facts.back().path = "/newest";

  answers_[0](std::move(many));

  ASSERT_EQ(said().size(), 1u);
  ASSERT_EQ(said()[0].facts.size(), 3u);
  EXPECT_EQ(said()[0].facts.back().path, "/newest");
  EXPECT_EQ(said()[0].seen, 48u);
}

TEST_F(WatchClientFactsTest, AnotherStreamHasNotAsked) {
  remember();
  connect();
  channel_.say(WatchFactsRequest{7, 10});
  channel_.observer->on_closed(make_error(Reason::kNone, ""));
  run();

  answers_[0](kept(1));

  EXPECT_TRUE(said().empty());
}
}  // namespace
}  // namespace heddle
