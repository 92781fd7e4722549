// The client of a Kubernetes API server against a server: the double of tests/k8s, with the faults that only a double
// can show (KubeClientDoubleFaults), and, where HEDDLE_KUBE_CONFIG names a kubeconfig of somebody who may do
// everything, the real one, for which KubeClientDouble holds as well (`./dev test k8s`).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "control/kube/kube_discovery.h"
#include "control/kube/kube_lease.h"
#include "control/kube/kube_watch.h"
#include "control/kube/token_review.h"
#include "lib/base/strings.h"
#include "tests/support/fake_control.h"
#include "tests/support/kube_double.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

const KubeResource kConfigMaps{"", "v1", "configmaps"};

KubeRequest ask(std::string method, std::string path, std::string body = "") {
  KubeRequest out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.body = std::move(body);
  return out;
}
std::string config_map(std::string_view name, std::string_view value, std::string_view labels = "{}") {
  return str_cat(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")", name, R"(","labels":)", labels,
                 R"(},"data":{"value":")", value, R"("}})");
}

// Writes down what a watch tells: "name=value", "-name".
class Witness final : public KubeWatch::Observer {
 public:
  void on_synced(const std::vector<JsonValue>& objects) override {
    is_synced = true;
    for (const JsonValue& object : objects) there[name(object)] = value(object);
  }
  void on_put(const KubeKey& key, const JsonValue& object) override {
    told.push_back(str_cat(key.name, "=", value(object)));
    there[key.name] = value(object);
  }
  void on_delete(const KubeKey& key) override {
    told.push_back(str_cat("-", key.name));
    there.erase(key.name);
  }
  static std::string name(const JsonValue& object) { return KubeKey::of(object)->name; }
  static std::string value(const JsonValue& object) {
    return std::string(object.find({"data", "value"}).value_or(JsonValue()).as_string().value_or(""));
  }
  bool is_synced = false;
  std::map<std::string, std::string> there;
  std::vector<std::string> told;
};

class KubeRig : public testing::Test {
 protected:
  explicit KubeRig(KubeConfig config) : config_(std::move(config)) {}
  ~KubeRig() override {
    client = nullptr;
    end_connections(loop, connections);
  }

  std::unique_ptr<KubeClient> open(KubeConfig config) {
    return std::make_unique<KubeClient>(SessionContext{loop, connections}, protocols, tcp, random, std::move(config));
  }
  KubeAnswer wait(KubeRequest request) { return wait(*client, std::move(request)); }
  KubeAnswer wait(KubeClient& with, KubeRequest request) {
    std::optional<KubeAnswer> out;
    Pending token = with.call(std::move(request), [&out](KubeAnswer answer) { out.emplace(std::move(answer)); });
    if (!runs_until(loop, [&out] { return out.has_value(); })) ADD_FAILURE() << "no answer";
    return out.value_or(KubeAnswer::failed(make_error(Reason::kTimeout, "no answer")));
  }
  KubeAnswer put(std::string_view name, std::string_view value) {
    KubeRequest patch = ask("PATCH", kConfigMaps.path(place, name), str_cat(R"({"data":{"value":")", value, R"("}})"));
    patch.content_type = kube_patch::kMerge;
    return wait(std::move(patch));
  }
  KubeAnswer create(std::string_view name, std::string_view value, std::string_view labels = "{}") {
    return wait(ask("POST", kConfigMaps.path(place), config_map(name, value, labels)));
  }
  KubeAnswer remove(std::string_view name) { return wait(ask("DELETE", kConfigMaps.path(place, name))); }
  // A namespace of its own for each test: a real server keeps what others left.
  void make_place() {
    place = str_cat("t-", std::to_string(SystemRandom().next()));
    KubeAnswer made =
        wait(ask("POST", "/api/v1/namespaces",
                 str_cat(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")", place, R"("}})")));
    ASSERT_TRUE(made.is_ok()) << made.failure->to_error().text();
  }
  std::unique_ptr<KubeWatch> watch(Witness& witness, std::string label_selector = "") {
    KubeWatch::Selection what{kConfigMaps, place, std::move(label_selector), ""};
    return std::make_unique<KubeWatch>(*client, random, std::move(what), witness);
  }
  template <class F>
  void until(F&& done) {
    ASSERT_TRUE(runs_until(loop, std::forward<F>(done)));
  }

  Loop loop;
  ConnectionRegistry connections;
  Protocols protocols{loop, HttpLimits{}};
  TcpConnector tcp{loop};
  SystemRandom random;
  KubeConfig config_;
  std::unique_ptr<KubeClient> client = open(config_);
  std::string place;
};

class KubeClientDouble : public KubeRig {
 protected:
  KubeClientDouble() : KubeRig(kube_server()) {}
  void SetUp() override { make_place(); }
};

TEST_F(KubeClientDouble, MakesReadsChangesAndRemovesObjects) {
  KubeAnswer made = create("x", "one");
  ASSERT_TRUE(made.is_ok()) << made.failure->to_error().text();
  KubeAnswer changed = put("x", "two");
  ASSERT_TRUE(changed.is_ok()) << changed.failure->to_error().text();
  EXPECT_NE(resource_version(changed.object), resource_version(made.object));

  KubeAnswer read = wait(ask("GET", kConfigMaps.path(place, "x")));
  EXPECT_EQ(Witness::value(read.object), "two");
  EXPECT_TRUE(remove("x").is_ok());
  EXPECT_TRUE(wait(ask("GET", kConfigMaps.path(place, "x"))).has_code(404));
}

TEST_F(KubeClientDouble, SaysWhyItIsRefused) {
  create("x", "one");
  KubeAnswer again = create("x", "two");
  ASSERT_TRUE(again.has_code(409));
  EXPECT_EQ(again.failure->reason, "AlreadyExists");

  KubeAnswer stale =
      wait(ask("PUT", kConfigMaps.path(place, "x"),
               R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","resourceVersion":"1"}})"));
  ASSERT_TRUE(stale.has_code(409));
  EXPECT_EQ(stale.failure->reason, "Conflict");
  KubeAnswer nameless = wait(ask("POST", kConfigMaps.path(place), R"({"apiVersion":"v1","kind":"ConfigMap"})"));
  ASSERT_TRUE(nameless.has_code(422));
  ASSERT_FALSE(nameless.failure->causes.empty());
  EXPECT_EQ(nameless.failure->causes[0].reason, "FieldValueRequired");
}

TEST_F(KubeClientDouble, WatchesWhatIsThereAndWhatComes) {
  create("x", "one");
  create("y", "one");
  Witness witness;
  auto watching = watch(witness);
  until([&] { return witness.is_synced; });
  EXPECT_EQ(witness.there["x"], "one");

  put("x", "two");
  create("z", "one");
  remove("y");

  until([&] { return witness.told.size() >= 3 && !witness.there.contains("y"); });
  EXPECT_THAT(witness.told, testing::IsSupersetOf({"x=two", "z=one", "-y"}));
}

TEST_F(KubeClientDouble, AnObjectWithANulStopsNobody) {
  create("x", R"(a\u0000b)");
  Witness witness;
  auto watching = watch(witness);
  until([&] { return witness.is_synced; });
  EXPECT_EQ(witness.there["x"], "a\uFFFDb");

  put("x", R"(\u0000)");

  until([&] { return witness.there["x"] == "\uFFFD"; });
  EXPECT_EQ(watching->relists(), 0U);
}

TEST_F(KubeClientDouble, ListsInPagesWhatIsMoreThanOne) {
  constexpr size_t kMany = 600;
  std::vector<Pending> calls;
  size_t made = 0;
  for (size_t i = 0; i < kMany; ++i) {
    KubeRequest request = ask("POST", kConfigMaps.path(place), config_map(str_cat("n", std::to_string(i)), "v"));
    request.attempt = request.whole = 60s;
    calls.push_back(
        client->call(std::move(request), [&made](const KubeAnswer& answer) { made += answer.is_ok() ? 1 : 0; }));
    if (i % 20 == 19) until([&] { return made == i + 1; });
  }
  Witness witness;
  auto watching = watch(witness, "");
  until([&] { return witness.is_synced; });

  EXPECT_EQ(std::count_if(witness.there.begin(), witness.there.end(), [](const auto& o) { return o.second == "v"; }),
            static_cast<ptrdiff_t>(kMany));
}

TEST_F(KubeClientDouble, WhatLeavesTheSelectionIsDeleted) {
  create("in", "one", R"({"app":"a"})");
  create("out", "one", R"({"app":"b"})");
  Witness witness;
  auto watching = watch(witness, "app=a");
  until([&] { return witness.is_synced; });
  EXPECT_FALSE(witness.there.contains("out"));

  KubeRequest patch = ask("PATCH", kConfigMaps.path(place, "in"), R"({"metadata":{"labels":{"app":"b"}}})");
  patch.content_type = kube_patch::kMerge;
  ASSERT_TRUE(wait(std::move(patch)).is_ok());

  until([&] { return !witness.there.contains("in"); });
  EXPECT_THAT(witness.told, ElementsAre("-in"));
}

TEST_F(KubeClientDouble, OneOfTwoLeadsAndTheOtherFollowsWhenItResigns) {
  KubeLeaseState::Options options;
  options.namespace_name = place;
  options.name = "control";
  options.self = "a";
  options.retry = 200ms;
  auto a = std::make_unique<KubeLease>(*client, random, options);
  until([&] { return a->leads(); });
  options.self = "b";
  KubeLease b(*client, random, options);
  until([&] { return b.leader() == "a"; });
  EXPECT_FALSE(b.leads());
  std::optional<int64_t> term = a->term();

  bool resigned = false;
  Pending resigning = a->resign([&] { resigned = true; });

  until([&] { return resigned && b.leads(); });
  EXPECT_FALSE(a->leads());
  EXPECT_GT(b.term(), term);
}

TEST_F(KubeClientDouble, FindsWhatIsServed) {
  std::optional<Result<KubeServed>> found;
  KubeDiscovery discovery(*client);
  Pending token = discovery.discover({"discovery.k8s.io", "coordination.k8s.io", "nobody.example"},
                                     [&](Result<KubeServed> served) { found.emplace(std::move(served)); });
  until([&] { return found.has_value(); });

  ASSERT_TRUE(found->has_value()) << found->error().text();
  const KubeServed& served = **found;
  EXPECT_TRUE(served.has({"", "v1", "services"}));
  EXPECT_TRUE(served.has({"coordination.k8s.io", "v1", "leases"}));
  EXPECT_EQ(served.endpoints().plural, "endpointslices");
  EXPECT_EQ(served.kind(served.endpoints()), "EndpointSlice");
  EXPECT_EQ(served.find("nobody.example", "things"), std::nullopt);
}

TEST_F(KubeClientDouble, AServiceAccountsTokenIsReviewedForOurAudienceAlone) {
  const KubeResource accounts{"", "v1", "serviceaccounts"};
  ASSERT_TRUE(wait(ask("POST", accounts.path(place), R"({"metadata":{"name":"api"}})")).is_ok());
  auto issue = [&](std::string_view audience) {
    KubeAnswer issued = wait(ask("POST", accounts.path(place, "api", "token"),
                                 str_cat(R"({"spec":{"audiences":[")", audience, R"("],"expirationSeconds":3600}})")));
    return std::string(issued.object.find({"status", "token"}).value_or(JsonValue()).as_string().value_or(""));
  };
  TokenReviewer reviewer(*client);
  auto review = [&](const std::string& token) {
    std::optional<Result<ReviewedToken>> out;
    Pending pending = reviewer.review(token, [&](Result<ReviewedToken> reviewed) { out.emplace(std::move(reviewed)); });
    EXPECT_TRUE(runs_until(loop, [&] { return out.has_value(); }));
    return *std::move(out);
  };

  Result<ReviewedToken> ours = review(issue(kTokenAudience));
  ASSERT_TRUE(ours.has_value()) << ours.error().text();
  EXPECT_EQ(ours->namespace_name, place);
  EXPECT_EQ(ours->service_account, "api");
  Result<ReviewedToken> other = review(issue("vault"));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().reason, Reason::kUnauthenticated);
}

TEST_F(KubeClientDouble, ATokenOfNobodyIsRefused) {
  std::optional<Result<ReviewedToken>> answer;
  TokenReviewer reviewer(*client);
  Pending token =
      reviewer.review("x.y.z", [&](Result<ReviewedToken> reviewed) { answer.emplace(std::move(reviewed)); });
  until([&] { return answer.has_value(); });

  ASSERT_FALSE(answer->has_value());
  EXPECT_EQ(answer->error().reason, Reason::kUnauthenticated);
}

// What a real server cannot be asked for.
class KubeClientDoubleFaults : public KubeRig {
 protected:
  KubeClientDoubleFaults() : KubeRig(KubeConfig{}) {}
  void SetUp() override {
    client = open(server.config());
    make_place();
    create("x", "one");
  }
  // A watch that is open.
  std::unique_ptr<KubeWatch> open_watch() {
    auto out = watch(witness);
    EXPECT_TRUE(runs_until(loop, [&] { return witness.is_synced; }));
    create("open", "yes");  // seen by the watch: by its stream, or by the list before it
    EXPECT_TRUE(runs_until(loop, [&] { return witness.there.contains("open"); }));
    witness.told.clear();
    return out;
  }
  void sees(std::string_view value) {
    put("x", value);
    ASSERT_TRUE(runs_until(loop, [&] { return witness.there["x"] == value; })) << value;
  }

  KubeDouble server;
  Witness witness;
};

TEST_F(KubeClientDoubleFaults, ABusyServerIsAskedAgain) {
  server.fault(R"({"do":"status","code":429,"retry_after":1,"verb":"get"})");
  server.fault(R"({"do":"status","code":503,"verb":"get"})");

  EXPECT_TRUE(wait(ask("GET", kConfigMaps.path(place, "x"))).is_ok());
}

TEST_F(KubeClientDoubleFaults, ReadsAreAskedAgainWhenTheConnectionBreaks) {
  for (std::string_view fault : {"reset", "close"}) {
    SCOPED_TRACE(fault);
    server.fault(str_cat(R"({"do":")", fault, R"(","verb":"get"})"));
    EXPECT_TRUE(wait(ask("GET", kConfigMaps.path(place, "x"))).is_ok());
  }
}

TEST_F(KubeClientDoubleFaults, AReadThatIsNotAnsweredIsAskedAgain) {
  server.fault(R"({"do":"stall","verb":"get"})");
  KubeRequest request = ask("GET", kConfigMaps.path(place, "x"));
  request.attempt = 1s;

  EXPECT_TRUE(wait(std::move(request)).is_ok());
}

TEST_F(KubeClientDoubleFaults, AWriteWhoseAnswerIsLostIsNotDoneTwice) {
  server.fault(R"({"do":"reset","verb":"create"})");

  KubeAnswer answer = create("y", "one");

  ASSERT_FALSE(answer.is_ok());
  EXPECT_EQ(answer.failure->code, 0);
}

TEST_F(KubeClientDoubleFaults, EventsCutAtEveryByteAreWhole) {
  server.fault(R"({"do":"split","verb":"watch"})");
  auto watching = open_watch();

  sees("two");
}

TEST_F(KubeClientDoubleFaults, EventsThatComeTwiceAreToldOnce) {
  server.fault(R"({"do":"duplicate","verb":"watch"})");
  auto watching = open_watch();

  sees("two");
  sees("three");

  EXPECT_THAT(witness.told, ElementsAre("x=two", "x=three"));
}

TEST_F(KubeClientDoubleFaults, AWatchThatEndsGoesOn) {
  auto watching = open_watch();
  for (std::string_view how : {"close", "reset", "bookmark"}) {
    SCOPED_TRACE(how);
    server.order("POST", "/watches", str_cat(R"({"do":")", how, R"("})"));
    sees(how);
  }
  EXPECT_EQ(watching->relists(), 0U);
  EXPECT_THAT(witness.told, ElementsAre("x=close", "x=reset", "x=bookmark"));
}

TEST_F(KubeClientDoubleFaults, AVersionThatIsTooOldIsListedAnewAndTheDifferenceTold) {
  auto watching = open_watch();
  // The watch breaks and is refused until the changes are compacted.
  server.fault(R"({"do":"status","code":503,"verb":"watch","times":100000})");
  server.order("POST", "/watches", R"({"do":"reset"})");
  until([&] { return watching->trouble().has_value(); });
  put("x", "two");
  create("new", "one");
  remove("open");
  server.order("POST", "/compact");
  server.order("DELETE", "/fault");

  until([&] { return watching->relists() == 1 && !witness.there.contains("open"); });

  EXPECT_THAT(witness.told, testing::UnorderedElementsAre("x=two", "new=one", "-open"));
  sees("three");
}

TEST_F(KubeClientDoubleFaults, WhatCannotBeReadIsListedAnew) {
  for (std::string_view kind : {"garbage", "unknown", "error"}) {
    SCOPED_TRACE(kind);
    make_place();  // the watch of the round before may still ask
    server.fault(str_cat(R"({"do":")", kind, R"(","verb":"watch","path":")", place, R"("})"));
    Witness other;
    auto watching = watch(other);
    until([&] { return other.is_synced; });
    create("x", kind);
    until([&] { return watching->relists() == 1 && other.there["x"] == kind; });
  }
}

TEST_F(KubeClientDoubleFaults, HttpGoneIsListedAnew) {
  server.fault(R"({"do":"status","code":410,"verb":"watch"})");
  auto watching = watch(witness);

  until([&] { return watching->relists() == 1; });

  sees("two");
}

TEST_F(KubeClientDoubleFaults, ARenewedTokenIsReadAfterARefusal) {
  TempDir folder;
  KubeConfig config = server.config();
  config.token_file = folder.write("token", "old");
  server.order("POST", "/token", R"({"token":"old"})");
  std::unique_ptr<KubeClient> careful = open(config);
  ASSERT_TRUE(wait(*careful, ask("GET", kConfigMaps.path(place, "x"))).is_ok());

  server.order("POST", "/token", R"({"token":"new"})");
  folder.write("token", "new\n");

  EXPECT_TRUE(wait(*careful, ask("GET", kConfigMaps.path(place, "x"))).is_ok());
  EXPECT_TRUE(wait(ask("GET", kConfigMaps.path(place, "x"))).has_code(401)) << "who shows none";
}

TEST_F(KubeClientDoubleFaults, KindsAreFoundAtTheVersionsThatAreServed) {
  auto discover = [&] {
    std::optional<Result<KubeServed>> found;
    KubeDiscovery discovery(*client);
    Pending token = discovery.discover({"discovery.k8s.io", "gateway.networking.k8s.io"},
                                       [&](Result<KubeServed> served) { found.emplace(std::move(served)); });
    EXPECT_TRUE(runs_until(loop, [&] { return found.has_value(); }));
    return **std::move(found);
  };
  KubeServed now = discover();
  EXPECT_EQ(now.endpoints(), (KubeResource{"discovery.k8s.io", "v1", "endpointslices"}));
  EXPECT_EQ(now.find("gateway.networking.k8s.io", "httproutes")->version, "v1");
  EXPECT_EQ(now.find("gateway.networking.k8s.io", "tcproutes")->version, "v1alpha2");
  EXPECT_EQ(now.find("gateway.networking.k8s.io", "udproutes"), std::nullopt);

  for (std::string_view version : {"v1", "v1beta1"}) {
    server.order("DELETE", "/serve",
                 str_cat(R"({"group":"discovery.k8s.io","plural":"endpointslices","version":")", version, R"("})"));
  }

  EXPECT_EQ(discover().endpoints(), (KubeResource{"", "v1", "endpoints"}));
}

TEST_F(KubeClientDoubleFaults, AServerThatKnowsNoAudiencesProvesNothing) {
  server.order("POST", "/identity", R"({"token":"unaware","status":{"authenticated":true,
      "user":{"username":"system:serviceaccount:payments:api","uid":"u"}}})");
  TokenReviewer reviewer(*client);
  std::optional<Result<ReviewedToken>> answer;
  Pending token =
      reviewer.review("unaware", [&](Result<ReviewedToken> reviewed) { answer.emplace(std::move(reviewed)); });
  until([&] { return answer.has_value(); });

  ASSERT_FALSE(answer->has_value());
  EXPECT_EQ(answer->error().reason, Reason::kUnauthenticated);
}

TEST_F(KubeClientDoubleFaults, TlsIsVerifiedAgainstTheCaAsItIsNow) {
  TestCa ca("cluster.local");
  KubeDouble tls(&ca, "secret");
  TempDir folder;
  KubeConfig config = tls.config();
  config.ca.file = folder.write("ca.pem", TestCa("cluster.local").root_pem());
  std::unique_ptr<KubeClient> careful = open(config);
  KubeRequest request = ask("GET", "/version");
  request.whole = 1s;
  KubeAnswer refused = wait(*careful, request);
  ASSERT_FALSE(refused.is_ok());

  folder.write("ca.pem", ca.root_pem());

  request.whole = 30s;
  KubeAnswer answer = wait(*careful, request);
  EXPECT_TRUE(answer.is_ok()) << answer.failure->to_error().text();
}
}  // namespace
}  // namespace heddle
