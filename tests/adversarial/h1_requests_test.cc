// Bad and odd HTTP/1.1 requests (data/h1_requests.cases, data/smuggling.cases): every case whole, with another request
// behind it, and byte by byte, through one proxy (h1 to h1) and through two (h1 to h2 to h1); the codec alone at every
// split. What reaches the upstream must be what a second reader finds in the bytes that were sent.
#include <gtest/gtest.h>

#include "tests/adversarial/client_suite.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/support/http1_bench.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kFollower = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr size_t kLongest = 1500;  // that is sent byte by byte over sockets, or cut everywhere

enum class Feed { kWhole, kFollowed, kByBytes };

struct Answers {
  std::string statuses;  // "200,200"
  std::string bytes;
  std::string trouble;  // what a strict client would not understand
  bool closed = false;
};

struct H1Case {
  explicit H1Case(const Case& one) : expected(one), input(one.input) {
    fin = take_suffix(input, "<FIN>");
    input = expand(input);
    sent = requests_in(input);
    const std::string& first = expected.first();
    bool served = first[first.rfind(',') + 1] == '2';  // npos + 1 is the start
    closes = fin || expected.has("close") || expected.has("cut") || !served;
  }
  Expected expected;
  std::string input;
  std::vector<Message> sent;  // as the second reader sees it
  bool fin;
  bool closes;  // the proxy ends the connection by itself
  bool cut() const { return expected.has("cut"); }
  bool waits() const { return expected.first() == "none"; }
};

Answers read_answers(std::string_view bytes, const std::vector<Message>& sent, bool closed) {
  Answers out;
  out.bytes = bytes;
  size_t nth = 0;
  while (!bytes.empty()) {
    std::string method = nth < sent.size() ? sent[nth].method : "";
    Reading reading = read_answer_strictly(bytes, method, closed);
    if (reading.state != Reading::State::kWhole) {
      out.trouble = str_cat("not a whole answer: ", reading.why, " ", heddle::in_quotes(bytes.substr(0, 200)));
      return out;
    }
    bytes.remove_prefix(reading.used);
    if (reading.message.status == 101) return out.statuses.append(out.statuses.empty() ? "101" : ",101"), out;
    if (reading.message.status < 200) continue;
    out.statuses.append(out.statuses.empty() ? "" : ",").append(std::to_string(reading.message.status));
    ++nth;
  }
  return out;
}

// One exchange with the proxy. A case that the proxy does not end by itself is ended by us.
Answers play(const Address& address, const H1Case& one, Feed feed) {
  BlockingClient client(address);
  std::string bytes = one.input;
  std::vector<Message> sent = one.sent;
  if (feed == Feed::kFollowed) {
    bytes += kFollower;
    sent = requests_in(bytes);
  }
  if (feed == Feed::kByBytes) {
    for (char& c : bytes) client.send({&c, 1});
  } else {
    client.send(bytes);
  }
  if (one.fin || !one.closes) client.finish();
  std::string all = client.read_all();
  Answers out = read_answers(all, sent, true);
  out.closed = client.ended() != Ended::kNot;
  return out;
}

std::string line_of(const Message& m) {
  return str_cat(m.method, " ", m.target, " host ", m.host, " body ", heddle::in_quotes(m.body.substr(0, 200)), " of ",
                 std::to_string(m.body.size()));
}

class H1Suite : public ClientSuite {
 protected:
  void run(Rig& rig, const H1Case& one, Feed feed) {
    recorder_->clear();
    Answers answers;
    {
      CostBound bound(one.input.size(), rig.request_work());
      answers = play(rig.entry(), one, feed);
    }
    bool follows = feed == Feed::kFollowed && !one.closes;
    check_answers(one, answers, follows);
    ASSERT_EQ(rig.settle(), "");
    ASSERT_TRUE(recorder_->wait_idle());
    check_upstream(one, follows, &rig == pair_.get() ? "two-" : "one-");
  }

 private:
  static void check_answers(const H1Case& one, const Answers& answers, bool follows) {
    EXPECT_TRUE(answers.closed) << "the connection stayed open";
    EXPECT_EQ(answers.trouble, "");
    std::string wanted = one.waits() ? "" : one.expected.first();
    std::string got = answers.statuses;
    if (follows) {
      ASSERT_TRUE(take_suffix(got, ",200")) << "the request behind it: " << heddle::in_quotes(answers.bytes);
    }
    EXPECT_TRUE(is_one_of(got, wanted)) << "wanted " << wanted << ", got "
                                        << heddle::in_quotes(answers.bytes.substr(0, 600));
    for (const std::string& text : one.expected.all("down")) EXPECT_NE(answers.bytes.find(text), std::string::npos);
    for (const std::string& text : one.expected.all("down-not"))
      EXPECT_EQ(answers.bytes.find(text), std::string::npos) << answers.bytes;
  }

  // Only whole requests that the second reader finds too, in their order, and as many as were answered well.
  static void check_upstream(const H1Case& one, bool follows, std::string_view proxies) {
    std::vector<Message> seen = recorder_->requests();
    EXPECT_EQ(recorder_->violations(), std::vector<std::string>{});
    if (!one.cut() && !one.waits()) {
      EXPECT_EQ(recorder_->partials(), std::vector<std::string>{});
    }
    if (follows) {
      ASSERT_FALSE(seen.empty());
      EXPECT_EQ(seen.back().target, "/smuggled");
      seen.pop_back();
    }
    std::string answered = one.expected.first();
    bool served = answered[0] == '2' || answered == "101";
    auto wanted = one.expected.get("up", served ? std::to_string(split(answered, ',').size()) : "0");
    if (wanted != "any") {
      EXPECT_EQ(std::to_string(seen.size()), wanted);
    }
    ASSERT_LE(seen.size(), one.sent.size()) << "more requests than were sent";
    std::string raw;
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(line_of(seen[i]), line_of(one.sent[i]));
      raw += seen[i].raw + seen[i].body;
    }
    for (const std::string& part : recorder_->partials()) raw += part;
    for (std::string_view prefix : {std::string_view(), proxies}) check_texts(one.expected, prefix, raw);
  }

  static void check_texts(const Expected& expected, std::string_view prefix, const std::string& raw) {
    for (const std::string& text : expected.all(str_cat(prefix, "sees")))
      EXPECT_NE(raw.find(text), std::string::npos) << text << " in " << raw;
    for (const std::string& text : expected.all(str_cat(prefix, "sees-not")))
      EXPECT_EQ(raw.find(text), std::string::npos) << text << " in " << raw;
  }
};

class H1Requests : public H1Suite {
 protected:
  void arrive_in_every_way() {
    H1Case one(GetParam());
    for (Rig* rig : {single_.get(), pair_.get()}) {
      for (Feed feed : {Feed::kWhole, Feed::kFollowed, Feed::kByBytes}) {
        bool fits = feed == Feed::kWhole || (feed == Feed::kFollowed && !one.fin && !one.expected.has("alone")) ||
                    (feed == Feed::kByBytes && one.input.size() <= kLongest);
        if (!fits) continue;
        SCOPED_TRACE(str_cat(rig == pair_.get() ? "two proxies, " : "one proxy, ", feed == Feed::kWhole ? "whole"
                                                                                   : feed == Feed::kByBytes
                                                                                       ? "byte by byte"
                                                                                       : "followed by another"));
        run(*rig, one, feed);
      }
    }
  }
};

TEST_P(H1Requests, AreJudgedAlikeHoweverTheyArrive) {
  count_case(GetParam().id.substr(0, GetParam().id.find('-')));
  arrive_in_every_way();
}

TEST_P(H1Requests, AreJudgedAlikeAtEverySplit) {
  H1Case one(GetParam());
  std::string input = one.fin ? one.input + std::string(kFin) : one.input;
  Http1Outcome whole = serve_http1(input);

  for (const Split& split : all_splits(input.size() <= kLongest ? one.input.size() : 0)) {
    Http1Outcome parts = serve_http1(input, split);
    ASSERT_EQ(parts.events, whole.events) << split.first << " " << split.step;
    ASSERT_EQ(parts.statuses, whole.statuses) << split.first << " " << split.step;
    ASSERT_EQ(parts.reason, whole.reason) << split.first << " " << split.step;
    ASSERT_EQ(parts.finished, whole.finished) << split.first << " " << split.step;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, H1Requests, testing::ValuesIn(load_cases("h1_requests.cases")), name_of);
INSTANTIATE_TEST_SUITE_P(Own, H1Requests, testing::ValuesIn(load_cases("h1_own.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
