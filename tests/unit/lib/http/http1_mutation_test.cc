// Valid messages, broken by chance that every run repeats: nothing crashes, and the verdict never depends on the split.
#include <gtest/gtest.h>

#include "tests/support/http1_bench.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Seeds = std::vector<std::string>;

const Seeds kRequests = {
    "GET /a/b?c=d HTTP/1.1\r\nHost: a.b:80\r\nUser-Agent: x\r\nConnection: keep-alive, x-y\r\nX-Y: 1\r\n\r\n",
    "POST http://b/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET / HTTP/1.1\r\n"
    "Host: a\r\n\r\n",
    "PUT /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n5;a=\"b\"\r\nhello\r\nA\r\n"
    "0123456789\r\n0\r\nX-T: 1\r\nCookie: z\r\n\r\n<FIN>",
    "GET / HTTP/1.0\r\n\r\n"};
const Seeds kAnswers = {
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nX : y\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "HTTP/1.0 200 OK\r\nKeep-Alive: 3\r\n\r\nuntil the end<FIN>"};

// Overwrites, removes, repeats or inserts a few bytes.
std::string mutate(std::string text, Random& random) {
  constexpr std::string_view kSpecial = "\r\n \t:;,0f\"\0\x7f\x80/%.";
  for (uint64_t left = 1 + random.below(3); left > 0 && !text.empty(); --left) {
    size_t at = random.below(text.size());
    char byte = random.below(4) == 0 ? static_cast<char>(random.next()) : kSpecial[random.below(kSpecial.size())];
    switch (random.below(4)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.erase(at, 1 + random.below(4));
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + random.below(20)));
        break;
      default:
        text.insert(at, 1, byte);
        break;
    }
  }
  return text;
}

std::string verdict(const Http1Outcome& outcome) {
  return outcome.events + "|" + outcome.output + "|" + std::to_string(static_cast<int>(outcome.reason)) +
         (outcome.finished ? "|finished" : "|open");
}

TEST(Http1Mutation, BrokenRequestsHaveOneVerdict) {
  SeededRandom random(1);

  for (int round = 0; round < 4000; ++round) {
    std::string input = mutate(kRequests[random.below(kRequests.size())], random);
    Split cut{1 + random.below(input.size() + 1), random.below(3)};
    std::string whole = verdict(serve_http1(input));
    ASSERT_EQ(verdict(serve_http1(input, cut)), whole) << input;
    ASSERT_EQ(verdict(serve_http1(input, {1, 1})), whole) << input;
  }
}

TEST(Http1Mutation, BrokenAnswersHaveOneVerdict) {
  SeededRandom random(2);

  for (int round = 0; round < 4000; ++round) {
    std::string input = mutate(kAnswers[random.below(kAnswers.size())], random);
    Split cut{1 + random.below(input.size() + 1), random.below(3)};
    std::string whole = ask_http1(input).events;
    ASSERT_EQ(ask_http1(input, cut).events, whole) << input;
    ASSERT_EQ(ask_http1(input, {1, 1}).events, whole) << input;
  }
}

TEST(Http1Mutation, GarbageIsRefused) {  // H1-129
  SeededRandom random(3);
  std::string garbage(65536, '\0');
  for (char& c : garbage) c = static_cast<char>(random.next());

  Http1Outcome got = serve_http1(garbage);

  EXPECT_EQ(got.statuses, "400");
  EXPECT_TRUE(got.finished);
}
}  // namespace
}  // namespace heddle
