// RequestMirror through a whole proxy: what the mirror gets, and that nothing it does is noticed by who asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;
constexpr size_t kHuge = 64 * 1024 * 1024;  // much more than all the kernel's buffers on the way

// What an application was sent, connection after connection.
class Received {
 public:
  void add(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    text_.append(bytes);
  }
  std::string text() {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

// Service hello: BackendSet hello answers, BackendSet shadow is the mirror.
class MirrorTest : public MeshFixture {
 protected:
  // The scripts of the origins use what is below: they end first.
  ~MirrorTest() override {
    unstick_.set_value();
    origins_.clear();
  }
  static std::string set(std::string_view name, const std::vector<Address>& endpoints, std::string_view identity = "") {
    std::string out = str_cat("apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: ", name,
                              "}\nspec:\n  tls: ", identity.empty() ? "plaintext" : "mtls",
                              "\n  endpoints:", endpoints.empty() ? " []\n" : "\n");
    for (const Address& endpoint : endpoints) {
      out.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()),
                         identity.empty() ? "" : str_cat(", identity: \"", identity, "\""), "}\n"));
    }
    return out + "---\n";
  }
  static std::string route(std::string_view more_filters = "") {
    return str_cat(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: \"\", kind: Service, name: hello}]\n  rules:\n    - filters: [",
        more_filters,
        "{type: RequestMirror, requestMirror: {backendRef: {group: heddle.dev, kind: BackendSet, name: shadow}}}]\n"
        "      backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello, filters: [{type: "
        "RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-backend, value: real}]}}]}]\n---\n");
  }
  void start(const std::vector<Address>& real, const std::vector<Address>& shadow, std::string_view more_filters = "",
             std::string_view more = "") {
    start_outbound(snapshot_of(str_cat(
        "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n",
        set("hello", real), set("shadow", shadow), route(more_filters), more)));
  }
  // Answers each request once it is whole, and remembers it.
  RawOrigin& add_recording_origin(Received& received, std::string body) {
    return add_origin([&received, body = std::move(body)](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        received.add(request);
        ++requests;
        peer.send(http_answer(body));
      }
    });
  }
  // Reads the heads of requests, then nothing more, and never answers.
  RawOrigin& add_stuck_origin() {
    return add_origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
      if (!peer.read_until("\r\n\r\n").empty()) ++requests;
      stuck_.wait();
    });
  }
  static void wait_requests(const RawOrigin& origin, int count) {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (origin.requests() < count && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_EQ(origin.requests(), count);
  }
  void wait_outcome(std::string_view outcome, int64_t count) {
    wait_metric(*outbound_,
                str_cat("heddle_mirrored_requests_total{backend_set=\"default/shadow\",outcome=\"", outcome, "\"}"),
                count);
  }

  std::promise<void> unstick_;
  std::shared_future<void> stuck_ = unstick_.get_future().share();
};

TEST_F(MirrorTest, ACopyOfEachRequestGoesThereAndItsAnswerNowhere) {
  Received at_real;
  Received at_shadow;
  RawOrigin& real = add_recording_origin(at_real, "real");
  RawOrigin& shadow = add_recording_origin(at_shadow, "shadow");
  start({real.address()}, {shadow.address()});
  BlockingClient client(entry());

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.get(str_cat("/", std::to_string(i), "?q")).ends_with("real"));

  wait_outcome("answered", 20);
  EXPECT_EQ(shadow.requests(), 20);
  EXPECT_EQ(real.requests(), 20);
  EXPECT_THAT(at_shadow.text(), HasSubstr("GET /19?q HTTP/1.1\r\n"));
  EXPECT_THAT(at_shadow.text(), HasSubstr("hello.default\r\n"));
}

// What a backendRef changes is for that backend.
TEST_F(MirrorTest, TheCopyIsWhatTheFiltersOfTheRuleLeave) {
  Received at_real;
  Received at_shadow;
  start({add_recording_origin(at_real, "real").address()}, {add_recording_origin(at_shadow, "shadow").address()},
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-rule, value: all}]}}, {type: URLRewrite, "
        "urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /rewritten}}}, ");

  ASSERT_TRUE(BlockingClient(entry()).get("/asked").ends_with("real"));

  wait_outcome("answered", 1);
  EXPECT_THAT(at_real.text(), HasSubstr("x-backend: real\r\n"));
  EXPECT_THAT(at_shadow.text(), Not(HasSubstr("x-backend")));
  for (const std::string& text : {at_real.text(), at_shadow.text()}) {
    EXPECT_THAT(text, HasSubstr("x-rule: all\r\n"));
    EXPECT_THAT(text, HasSubstr("GET /rewritten HTTP/1.1\r\n"));
  }
}

TEST_F(MirrorTest, TheBodyIsCopiedWhole) {
  Received at_real;
  Received at_shadow;
  start({add_recording_origin(at_real, "real").address()}, {add_recording_origin(at_shadow, "shadow").address()});
  BlockingClient client(entry());
  std::string body;
  for (int i = 0; body.size() < 60'000; ++i) body.append(std::to_string(i)).append(",");

  client.send(
      str_cat("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ", std::to_string(body.size()), "\r\n\r\n", body));
  ASSERT_THAT(client.read_until("real"), testing::StartsWith("HTTP/1.1 200 "));

  wait_outcome("answered", 1);
  EXPECT_TRUE(at_real.text().ends_with(body));
  EXPECT_TRUE(at_shadow.text().ends_with(body));
}

// Step by step, so that nobody is too slow for anybody.
TEST_F(MirrorTest, AnUploadThatIsKeptUpWithIsCopiedWhateverItsSize) {
  constexpr size_t kStep = 32 * 1024;
  constexpr size_t kSteps = 128;
  std::atomic<size_t> taken = 0;
  Received at_real;
  RawOrigin& shadow = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    peer.read_until("\r\n\r\n");
    while (taken < kStep * kSteps) {
      size_t got = peer.read_some().size();
      if (got == 0) return;
      taken += got;
    }
    ++requests;
    peer.send(http_answer("shadow"));
    peer.read_all();
  });
  start({add_recording_origin(at_real, "real").address()}, {shadow.address()});
  BlockingClient client(entry());
  client.send(str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", std::to_string(kStep * kSteps), "\r\n\r\n"));

  for (size_t i = 1; i <= kSteps; ++i) {
    client.send(std::string(kStep, 'u'));
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (taken < i * kStep && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_GE(taken, i * kStep);
  }

  EXPECT_TRUE(client.read_until("real").ends_with("real"));
  wait_outcome("answered", 1);
  EXPECT_EQ(shadow.requests(), 1);
}

TEST_F(MirrorTest, OneThatReadsNothingHoldsUpNoUpload) {
  Received at_real;
  RawOrigin& shadow = add_stuck_origin();
  RawOrigin& real = add_recording_origin(at_real, "real");
  start({real.address()}, {shadow.address()});
  BlockingClient client(entry());

  client.send(str_cat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", std::to_string(kHuge), "\r\n\r\n"));
  client.send(std::string(kHuge, 'u'));

  EXPECT_TRUE(client.read_until("real").ends_with("real"));
  EXPECT_GT(at_real.text().size(), kHuge);
  wait_outcome("slow", 1);
}

TEST_F(MirrorTest, OneThatNeverAnswersKeepsNobodyWaiting) {
  RawOrigin& real = add_answering_origin("real");
  RawOrigin& shadow = add_stuck_origin();
  start({real.address()}, {shadow.address()});
  BlockingClient client(entry());

  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.get("/").ends_with("real"));

  wait_requests(shadow, 10);
}

// Some wait for their answer, and none is left when the loop ends (~Loop sees to that).
TEST_F(MirrorTest, AProxyStopsWithMirrorsUnderWay) {
  RawOrigin& real = add_answering_origin("real");
  RawOrigin& shadow = add_stuck_origin();
  start({real.address()}, {shadow.address()});
  BlockingClient open(entry());
  open.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  wait_requests(shadow, 1);
  ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("real"));
  wait_requests(shadow, 2);

  outbound_.reset();

  EXPECT_EQ(open.read_some(), "");
}

TEST_F(MirrorTest, OneThatIsDeadFailsNoRequest) {
  DeadPort dead;
  RawOrigin& real = add_answering_origin("real");
  start({real.address()}, {dead.address()});
  BlockingClient client(entry());

  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.get("/").ends_with("real"));

  wait_outcome("failed", 5);
}

TEST_F(MirrorTest, OneThatHangsUpFailsNoRequest) {
  RawOrigin& shadow = add_origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    read_request(peer);
    ++requests;
    peer.reset();
  });
  start({add_answering_origin("real").address()}, {shadow.address()});

  ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("real"));

  wait_outcome("failed", 1);
  EXPECT_EQ(shadow.requests(), 1) << "no second try";
}

TEST_F(MirrorTest, WithoutAnEndpointNothingIsMissed) {
  start({add_answering_origin("real").address()}, {});

  ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("real"));

  wait_outcome("no-healthy-endpoint", 1);
}

TEST_F(MirrorTest, TheLimitsOfItsBackendSetAreItsOwn) {
  RawOrigin& shadow = add_stuck_origin();
  start({add_answering_origin("real").address()}, {shadow.address()}, "",
        "apiVersion: heddle.dev/v1\nkind: TrafficPolicy\nmetadata: {name: shadow}\nspec:\n"
        "  targetRefs: [{kind: BackendSet, name: shadow}]\n  limits: {requests: 1}\n---\n");
  BlockingClient client(entry());

  ASSERT_TRUE(client.get("/").ends_with("real"));
  wait_requests(shadow, 1);
  ASSERT_TRUE(client.get("/").ends_with("real"));

  wait_outcome("refused", 1);
  EXPECT_EQ(shadow.requests(), 1);
}

TEST_F(MirrorTest, ARequestThatBreaksOffEndsItsCopy) {
  RawOrigin& shadow = add_stuck_origin();
  start({add_stuck_origin().address()}, {shadow.address()});
  BlockingClient client(entry());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf");
  wait_requests(shadow, 1);

  client.reset();

  wait_outcome("cancelled", 1);
}

// It has come whole; what its sender does afterwards is not its business.
TEST_F(MirrorTest, AWholeRequestIsMirroredAlthoughItsClientLeaves) {
  std::promise<void> left;
  RawOrigin& shadow = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    read_request(peer);
    ++requests;
    left.get_future().wait();
    peer.send(http_answer("shadow"));
    peer.read_all();
  });
  start({add_stuck_origin().address()}, {shadow.address()});
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_requests(shadow, 1);

  client.reset();
  wait_metric(*outbound_, "heddle_downstream_connections", 0);
  left.set_value();

  wait_outcome("answered", 1);
}

TEST_F(MirrorTest, AnswersOfOurOwnAreNotMirrored) {
  RawOrigin& shadow = add_answering_origin("shadow");
  start({}, {shadow.address()});
  BlockingClient client(entry());

  EXPECT_EQ(reason_of(client.get("/")), "no-healthy-endpoint");
  EXPECT_EQ(reason_of(client.get("/")), "no-healthy-endpoint");

  EXPECT_EQ(shadow.connections(), 0);
  EXPECT_EQ(outbound_->metric("heddle_upstream_connections{backend_set=\"default/shadow\"}"), -1) << "never picked";
}

TEST_F(MirrorTest, AnUpgradeIsNotMirroredAndTheNextRequestIs) {
  Received at_shadow;
  RawOrigin& shadow = add_recording_origin(at_shadow, "shadow");
  start({add_answering_origin("real").address()}, {shadow.address()});
  BlockingClient client(entry());
  client.send("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  ASSERT_TRUE(client.read_until("real").ends_with("real"));

  ASSERT_TRUE(BlockingClient(entry()).get("/next").ends_with("real"));

  wait_outcome("answered", 1);
  EXPECT_THAT(at_shadow.text(), Not(HasSubstr("/chat")));
}

TEST_F(MirrorTest, ReachesAnotherSidecarByMutualTls) {
  Received at_shadow;
  Sidecar& real = add_inbound(add_answering_origin("real").address());
  Sidecar& shadow = add_inbound(add_recording_origin(at_shadow, "shadow").address());
  start_outbound(hello_snapshot({real.address()}, kServerId,
                                str_cat("---\n", set("shadow", {shadow.address()}, kServerId), route())));
  BlockingClient client(entry());

  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.get("/").ends_with("real"));

  wait_outcome("answered", 5);
  EXPECT_THAT(at_shadow.text(), HasSubstr("x-forwarded-client-cert"));
}
}  // namespace
}  // namespace heddle
