// `heddle` as users run it, but for the process: run_program() against a control plane's API over real TLS 1.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <mutex>
#include <sstream>

#include "cli/program.h"
#include "lib/base/file.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/event/loop_thread.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/tls/tls_transport.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kControlId[] = "spiffe://cluster.local/ns/heddle-system/sa/heddle-control";
constexpr char kToken[] = "admin-token-of-the-test";

// The API's answers, on a thread of its own. Made and destroyed on the test's thread, while the loop stands or by post.
class FakeControl {
 public:
  FakeControl(const TestCa& ca, std::string_view id, std::vector<std::string> alpn) {
    TlsContext::Options options{TlsRole::kServer, PeerCertificatePolicy::kOptional, std::move(alpn)};
    auto svid = std::make_shared<const Svid>(ca.issue(id));
    auto made = TlsContext::create({svid, std::make_shared<const TrustBundle>(ca.bundle())}, std::move(options));
    HEDDLE_CHECK(made.has_value());
    tls_ = *made;
    on_loop([this] { start(); });
  }
  ~FakeControl() {
    on_loop([this] {
      listener_.reset();
      registry_.abort_all(make_error(Reason::kDraining, "the test is over"));
    });
    thread_.join();
    thread_.loop().run_until([this] { return registry_.size() == 0; });
    server_.reset();
  }
  Address address() const { return address_; }
  int connections() const { return connections_; }
  std::vector<std::string> seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  template <class F>
  void on_loop(F f) {
    std::promise<void> done;
    HEDDLE_CHECK(thread_.loop().post([&] {
      f();
      done.set_value();
    }));
    done.get_future().wait();
  }

  void start() {
    server_.emplace(SessionContext{thread_.loop(), registry_}, protocols_, HttpServerLimits{});
    server_->guard(check);
    answer("POST", "/v1/apply", 200,
           R"({"version":"1.43","results":[{"key":"Workload/default/hello","result":"created"}]})");
    answer("GET", "/v1/resources/workloads", 200, list_of_many());
    answer("GET", "/v1/resources/{plural}", 200, R"({"kind":"List","version":"1.43","items":[]})");
    answer("GET", "/v1/resources/{plural}/{namespace}/{name}", 404, R"({"reason":"not-found","message":"none"})");
    answer("DELETE", "/v1/resources/{plural}/{namespace}/{name}", 409, R"({"reason":"conflict","message":"in use"})");
    answer("GET", "/v1/status", 200, R"({"version":"1.43","sidecars":[]})");
    answer("GET", "/v1/wait", 504, R"({"reason":"timeout","message":"hello-0 lags"})");
    answer("POST", "/v1/tokens", 200, R"({"token":"join-me","expires":"2026-01-01T00:00:00.000Z"})");
    server_->route("GET", "/v1/version", [](const RpcRequest&, HttpServer::Respond respond) {
      respond(RpcResponse::text(200, "hello, I am no control plane"));
    });
    auto listener = Listener::listen(thread_.loop(), {.address = Address::loopback(0)}, cap_, [this](auto accepted) {
      ++connections_;
      TlsSetup setup;
      setup.context = tls_;
      server_->serve(make_tls_transport(thread_.loop(), std::move(accepted), std::move(setup)));
    });
    HEDDLE_CHECK(listener.has_value());
    listener_ = *std::move(listener);
    address_ = listener_->address();
    listener_->start();
  }

  static Result<void> check(const RpcRequest& request) {
    if (request.bearer_token() == kToken) return {};
    return make_error(Reason::kUnauthenticated, "");
  }

  void answer(const char* method, const char* path, uint16_t status, std::string json) {
    server_->route(method, path,
                   [this, status, json = std::move(json)](const RpcRequest& request, HttpServer::Respond respond) {
                     keep(request);
                     respond(RpcResponse::json(status, json));
                   });
  }

  void keep(const RpcRequest& request) {
    std::lock_guard lock(mutex_);
    std::string query = request.query.empty() ? "" : "?" + request.query;
    seen_.push_back(request.method + " " + request.path + query + " " + request.body);
  }

  // 100 resources of 60 KB.
  static std::string list_of_many() {
    std::string item = R"({"metadata":{"name":"w","annotations":{"a":")" + std::string(60'000, 'x') + R"("}}})";
    std::string items = item;
    for (int i = 1; i < 100; ++i) items += "," + item;
    return R"({"kind":"List","version":"1.43","items":[)" + items + "]}";
  }

  LoopThread thread_{"control"};
  ConnectionRegistry registry_;
  Protocols protocols_{thread_.loop(), HttpLimits{}};
  ConnectionCap cap_{100};
  std::shared_ptr<const TlsContext> tls_;
  std::optional<HttpServer> server_;
  std::unique_ptr<Listener> listener_;
  Address address_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;  // guards seen_
  std::vector<std::string> seen_;
};

class CliThreadsTest : public testing::Test {
 protected:
  CliThreadsTest() {
    directory_ = testing::TempDir() + "heddle-cli-XXXXXX";
    HEDDLE_CHECK(::mkdtemp(directory_.data()) != nullptr);
  }
  ~CliThreadsTest() override { std::filesystem::remove_all(directory_); }

  std::string file(std::string_view name, std::string_view text) {
    std::string path = str_cat(directory_, "/", name);
    HEDDLE_CHECK(atomic_write(path, text, kPrivateFile).has_value());
    return path;
  }
  void context(const Address& address, std::string_view token = kToken) {
    std::string json;
    JsonWriter writer(json);
    writer.begin_object().field("address", address.text()).field("id", kControlId);
    writer.field("ca", ca_.root_pem()).field("token", token).end_object();
    environment_.context = file("context.json", json);
  }
  ExitCode run(const std::string& words) {
    std::vector<std::string> args;
    for (std::string_view word : split(words, ' ')) args.emplace_back(word);
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Console console{in, out, err};
    ExitCode code = run_program(args, environment_, IsTerminal::kNo, console);
    out_ = out.str();
    err_ = err.str();
    EXPECT_THAT(out_ + err_, Not(HasSubstr(kToken)));
    return code;
  }
  std::string workload() {
    return file(
        "w.yaml",
        "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: hello}\nspec: {identity: spiffe://td/h}\n");
  }

  TestCa ca_{"cluster.local"};
  std::string directory_;
  Environment environment_;
  std::string out_;
  std::string err_;
};

TEST_F(CliThreadsTest, SpeaksToTheControlPlaneOverHttp2) {
  FakeControl control(ca_, kControlId, {"h2", "http/1.1"});
  context(control.address());

  EXPECT_EQ(run("apply -f " + workload()), ExitCode::kOk);
  EXPECT_EQ(out_, "workload.heddle.dev/hello created\nversion 1.43\n");
  EXPECT_EQ(run("get svc"), ExitCode::kOk);
  EXPECT_EQ(err_, "No resources found in default namespace.\n");
  EXPECT_EQ(run("status"), ExitCode::kOk);
  EXPECT_EQ(out_, "version 1.43, 0 sidecars\n");
  EXPECT_EQ(run("token create --id spiffe://td/h"), ExitCode::kOk);
  EXPECT_EQ(out_, "join-me\n");

  EXPECT_THAT(control.seen(), ElementsAre(StartsWith("POST /v1/apply {\"kind\":\"List\",\"items\":[{"),
                                          "GET /v1/resources/services?namespace=default ", "GET /v1/status ",
                                          "POST /v1/tokens {\"id\":\"spiffe://td/h\",\"ttl\":\"10m\"}"));
}

TEST_F(CliThreadsTest, SpeaksToTheControlPlaneOverHttp1) {
  FakeControl control(ca_, kControlId, {"http/1.1"});
  context(control.address());

  EXPECT_EQ(run("apply -f " + workload()), ExitCode::kOk);

  EXPECT_EQ(out_, "workload.heddle.dev/hello created\nversion 1.43\n");
}

TEST_F(CliThreadsTest, ReadsAListOfSeveralMegabytes) {
  FakeControl control(ca_, kControlId, {"h2"});
  context(control.address());

  EXPECT_EQ(run("get workloads -o name"), ExitCode::kOk) << err_;

  EXPECT_EQ(out_.size(), 100 * std::string_view("workload.heddle.dev/w\n").size());
}

TEST_F(CliThreadsTest, SendsSeveralRequestsOverOneConnection) {
  FakeControl control(ca_, kControlId, {"h2"});
  context(control.address());

  EXPECT_EQ(run("delete svc a b c"), ExitCode::kConflict);

  EXPECT_EQ(control.seen().size(), 3U);
  EXPECT_EQ(control.connections(), 1);
  EXPECT_THAT(err_, StartsWith("error: conflict: in use\n"));
}

TEST_F(CliThreadsTest, AWaitThatTimesOutIsAFailure) {
  FakeControl control(ca_, kControlId, {"h2"});
  context(control.address());

  EXPECT_EQ(run("wait --version 1.43 --timeout 1s"), ExitCode::kFailure);

  EXPECT_EQ(err_, "error: timeout: hello-0 lags\n");
}

TEST_F(CliThreadsTest, AWrongTokenIsAFailureThatSaysSo) {
  FakeControl control(ca_, kControlId, {"h2"});
  context(control.address(), "wrong");

  EXPECT_EQ(run("status"), ExitCode::kFailure);

  EXPECT_EQ(err_,
            "error: unauthenticated: HTTP 401\n  the control plane does not accept the token of this context file\n");
}

TEST_F(CliThreadsTest, SaysWhoWasNotThere) {
  Loop loop;
  ConnectionCap cap{1};
  auto listener = Listener::listen(loop, {.address = Address::loopback(0)}, cap, [](auto) {});
  Address address = (*listener)->address();
  listener->reset();
  context(address);

  EXPECT_EQ(run("status"), ExitCode::kUnreachable);

  EXPECT_THAT(err_, StartsWith("error: cannot reach the control plane at " + address.text() + ": "));
}

TEST_F(CliThreadsTest, SendsNoTokenToAServerWithAnotherIdentity) {
  FakeControl control(ca_, "spiffe://cluster.local/ns/default/sa/evil", {"h2"});
  context(control.address());

  EXPECT_EQ(run("status"), ExitCode::kUnreachable);

  EXPECT_THAT(err_, HasSubstr("spiffe://cluster.local/ns/default/sa/evil"));
  EXPECT_EQ(control.connections(), 1);
  EXPECT_TRUE(control.seen().empty());
}

TEST_F(CliThreadsTest, SendsNoTokenToAServerOfAnotherCa) {
  TestCa other("cluster.local");
  FakeControl control(other, kControlId, {"h2"});
  context(control.address());

  EXPECT_EQ(run("status"), ExitCode::kUnreachable);

  EXPECT_THAT(err_, StartsWith("error: cannot reach the control plane at "));
  EXPECT_TRUE(control.seen().empty());
}

TEST_F(CliThreadsTest, ASilentServerCostsTheTimeoutAndNoMore) {
  Loop loop;
  ConnectionCap cap{1};
  auto listener = Listener::listen(loop, {.address = Address::loopback(0)}, cap, [](auto) {});
  context((*listener)->address());

  EXPECT_EQ(run("status --timeout 100ms"), ExitCode::kUnreachable);

  EXPECT_THAT(err_, HasSubstr("no answer from"));
}

TEST_F(CliThreadsTest, AnotherServerIsNoControlPlane) {
  FakeControl control(ca_, kControlId, {"h2"});
  context(control.address());

  EXPECT_EQ(run("version"), ExitCode::kUnreachable);

  EXPECT_THAT(err_, HasSubstr("that is not a control plane"));
}

TEST_F(CliThreadsTest, SaysWhereItLookedForTheContextFile) {
  environment_.home = directory_;

  EXPECT_EQ(run("status"), ExitCode::kFailure);

  EXPECT_THAT(err_, StartsWith("error: no context file at " + directory_ + "/.heddle/context.json"));
}
}  // namespace
}  // namespace heddle
