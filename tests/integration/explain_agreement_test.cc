// Agreement, measured: what explain() says about a request and its draw is what becomes of it, for 10,000 requests over
// 200 configurations made by chance from fixed seeds. Traffic goes through whole sidecars to applications that say what
// they got; the draw is the sidecar's own Random, which the test sets. A sample is asked of the sidecar itself.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>

#include "proxy/app/live_question.h"
#include "tests/support/explain_generator.h"
#include "tests/support/mesh_fixture.h"
#include "tests/support/run_turns.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr size_t kMeshes = 40;  // what is measured there is memory and races
#else
constexpr size_t kMeshes = 200;
#endif
constexpr size_t kRequests = 50;  // of each
constexpr size_t kLiveEvery = 20;

// The first number after arm() is the one given: a request's draw is the first chance that it takes.
class ArmedRandom final : public Random {
 public:
  void arm(uint64_t draw) {
    draw_ = draw;
    armed_ = true;
  }
  uint64_t next() override { return armed_.exchange(false) ? draw_.load() : rest_.next(); }

 private:
  std::atomic<uint64_t> draw_{0};
  std::atomic<bool> armed_{false};
  SeededRandom rest_;
};

std::string field_of(const std::string& head, std::string_view lower_name) {
  for (std::string_view line : split(head, '\n')) {
    size_t colon = line.find(':');
    if (colon == line.npos || to_lower(line.substr(0, colon)) != lower_name) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.ends_with('\r')) value.remove_suffix(1);
    return std::string(trim(value));
  }
  return {};
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

// What an application says of the request it got.
std::string received(const std::string& name, const std::string& head) {
  std::vector<std::string_view> words = split(std::string_view(head).substr(0, head.find("\r\n")), ' ');
  return str_cat(name, " host ", field_of(head, "host"), " path ", words.at(1), " rule ",
                 or_dash(field_of(head, "x-rule")));
}

std::string request_text(const ExplainWords& words) {
  std::string_view rest = std::string_view(words.url).substr(std::string_view("http://").size());
  size_t slash = rest.find('/');
  std::string out =
      str_cat(words.method, " ", rest.substr(slash), " HTTP/1.1\r\nHost: ", rest.substr(0, slash), "\r\n");
  for (const auto& [name, value] : words.headers) out.append(str_cat(name, ": ", value, "\r\n"));
  if (words.method == "POST" || words.method == "PUT") out.append("Content-Length: 0\r\n");
  return out + "\r\n";
}

// --- what is explained ---

using Names = std::map<std::string, std::string>;  // of applications, by the address of the endpoint

std::string mark_of(const Explanation& found, const GeneratedMesh& mesh) {
  if (!found.rule) return "-";
  std::string mark = str_cat(found.route, "#", std::to_string(*found.rule));
  return mesh.marked.contains(mark) ? mark : "-";
}

std::string filter_effect(const Explanation& found, std::string_view kind) {
  for (const ExplainedFilter& filter : found.filters) {
    if (filter.kind == kind) return filter.effect;
  }
  return {};
}

// Which applications may get it: the session's, or those of the drawn set.
std::vector<std::string> addresses_of(const Explanation& found) {
  if (found.session && found.session->verdict == SessionVerdict::kValid) return {found.session->endpoint};
  std::vector<std::string> out;
  for (const ExplainedBackends& backends : found.backends) {
    if (!backends.drawn) continue;
    for (const ExplainedEndpoint& one : backends.endpoints) {
      if (one.eligible) out.push_back(one.address);
    }
  }
  return out;
}

// `got`: who got it. Of several that may, the balancer's choice is nobody's mistake.
std::string origin_of(const Explanation& found, const Names& names, const std::string& got) {
  std::vector<std::string> out;
  for (const std::string& address : addresses_of(found)) {
    auto name = names.find(address);
    out.push_back(name == names.end() ? address : name->second);
    if (out.back() == got) return got;
  }
  return join(out, "|");
}

std::string origin_in(const std::string& happened) {
  constexpr std::string_view kFrom = "200 from ";
  if (!happened.starts_with(kFrom)) return {};
  return happened.substr(kFrom.size(), happened.find(' ', kFrom.size()) - kFrom.size());
}

bool is_call(const ExplainWords& words) {
  return std::any_of(words.headers.begin(), words.headers.end(),
                     [](const auto& field) { return field.first == "content-type"; });
}

// A call is answered with 200 and the status of gRPC; that of a fault is told as "status 503, gRPC 14, ...".
std::string call_status(const Explanation& found) {
  if (found.reason != Reason::kFaultAbort) return std::to_string(info(found.reason).grpc_status);
  std::string effect = filter_effect(found, "FaultAbort");
  size_t at = effect.find("gRPC ") + 5;
  return effect.substr(at, effect.find(',', at) - at);
}

std::string expected(const Explanation& found, const GeneratedMesh& mesh, const ExplainWords& words, const Names& names,
                     const std::string& happened) {
  if (found.reason == Reason::kNone) {
    return str_cat("200 from ", origin_of(found, names, origin_in(happened)), " host ", found.forward->host, " path ",
                   found.forward->path, " rule ", mark_of(found, mesh));
  }
  if (is_call(words)) return str_cat("200 ", info(found.reason).name, " grpc ", call_status(found));
  std::string out =
      str_cat(std::to_string(found.status.value_or(info(found.reason).status)), " ", info(found.reason).name);
  if (found.reason == Reason::kDirectResponse) out.append(str_cat(" rule ", mark_of(found, mesh)));
  if (found.reason != Reason::kRouteRedirect) return out;
  std::string effect = filter_effect(found, "RequestRedirect");  // "301 to http://..."
  return str_cat(out, " rule ", mark_of(found, mesh), effect.substr(effect.find(" to ")));
}

// All that is known of the decision; of the authorization a sidecar that sends knows nothing.
std::string decided(const Explanation& found) {
  Reason reason = found.reason == Reason::kAuthzDenied ? Reason::kNone : found.reason;
  std::string out = str_cat(info(reason).name, " ", found.service, ":", std::to_string(found.port), " ", found.route,
                            "#", found.rule ? std::to_string(*found.rule) : "-", " ", found.match, " ");
  if (found.status) out.append(std::to_string(*found.status));
  if (found.forward) out.append(str_cat(" ", found.forward->host, found.forward->path));
  for (const ExplainedFilter& filter : found.filters) out.append(str_cat(" ", filter.kind, "=", filter.effect));
  for (const ExplainedBackends& backends : found.backends) {
    out.append(str_cat(" [", backends.name, backends.drawn ? " drawn" : "", " ", info(backends.reason).name));
    for (const ExplainedEndpoint& one : backends.endpoints) {
      out.append(str_cat(" ", one.address, one.eligible ? " yes" : " no"));
    }
    out.append("]");
  }
  return out;
}

std::shared_ptr<const ExplainQuery> query_of(const ExplainWords& words) {
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  EXPECT_TRUE(query) << problems.text();
  return query ? std::make_shared<const ExplainQuery>(*std::move(query)) : nullptr;
}

std::string describe(const GeneratedMesh& mesh, const ExplainWords& words) {
  return str_cat(request_text(words), "draw ", std::to_string(*words.draw), "\n", mesh.yaml);
}

class ExplainAgreement : public MeshFixture {
 protected:
  ExplainAgreement() {
    for (size_t i = 0; i < places_.origins.size(); ++i) {
      origins_of_sets_.push_back(application(str_cat("o", std::to_string(i))));
      places_.origins[i] = origins_of_sets_.back()->address();
    }
    for (Address& mirror : places_.mirrors) {
      mirrors_.push_back(application("mirror"));
      mirror = mirrors_.back()->address();
    }
    origins_of_sets_.push_back(application("app"));
    guard_ = &add_inbound(origins_of_sets_.back()->address());
    places_.guarded = guard_->address();
    for (size_t i = 0; i < places_.origins.size(); ++i) {
      names_[places_.origins[i].text()] = str_cat("o", std::to_string(i));
    }
    names_[places_.guarded.text()] = "app";
    places_.identity = kServerId;
    Settings settings;
    ListenerSettings listener;
    listener.name = "out";
    listener.address = Address::loopback(0);
    listener.protocol = PortProtocol::kHttp;
    settings.listeners.push_back(listener);
    outbound_ = std::make_unique<Sidecar>(std::move(settings));
    outbound_->set_random(random_);
    outbound_->publish(identity_of(ca_.issue(kClientId), ca_.bundle()));
    if (!outbound_->start()) std::abort();
  }
  ~ExplainAgreement() override { outbound_.reset(); }  // its worker decides by random_

  static std::unique_ptr<BlockingOrigin> application(std::string name) {
    return std::make_unique<BlockingOrigin>([name = std::move(name)](const std::string& head, const std::string&) {
      return http_answer(received(name, head), "grpc-status: 0\r\n");
    });
  }

  // nullptr: the generator made what no sidecar takes.
  std::shared_ptr<const Snapshot> obey(const GeneratedMesh& mesh) {
    ConfigChange change;
    change.kind = ConfigChange::Kind::kReplaceAll;
    change.version = {1, ++version_};
    change.puts = resources_of(mesh.yaml);
    BuildOutcome outcome = builder_.apply(std::move(change));
    EXPECT_TRUE(outcome) << outcome.problems.text() << mesh.yaml;
    if (!outcome) return nullptr;
    guard_->publish(outcome.snapshot);
    outbound_->publish(outcome.snapshot);
    for (Sidecar* sidecar : {guard_, outbound_.get()}) {
      auto give_up = std::chrono::steady_clock::now() + 60s;
      while (sidecar->worker().applied_sequence() != version_ && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::yield();
      }
      EXPECT_EQ(sidecar->worker().applied_sequence(), version_);
    }
    return outcome.snapshot;
  }

  std::string happens(const ExplainWords& words) {
    random_.arm(*words.draw);
    if (client_ == nullptr) client_ = std::make_unique<BlockingClient>(entry());
    client_->send(request_text(words));
    std::string head = client_->read_until("\r\n\r\n");
    std::string body;
    std::string length = field_of(head, "content-length");
    if (!length.empty()) body = client_->read_exactly(std::stoul(length));
    if (to_lower(field_of(head, "connection")) == "close" || head.empty()) client_.reset();
    std::string reason = field_of(head, "heddle-reason");
    reason.resize(std::min(reason.find(';'), reason.size()));
    std::string status = head.size() < 12 ? "no answer" : head.substr(9, 3);
    token_ = token_in(head);
    if (reason.empty()) return str_cat(status, " from ", body);
    std::string out = str_cat(status, " ", reason);
    if (is_call(words)) return str_cat(out, " grpc ", field_of(head, "grpc-status"));
    std::string location = field_of(head, "location");
    if (reason == "direct-response" || !location.empty()) {
      out.append(str_cat(" rule ", or_dash(field_of(head, "x-rule"))));
    }
    return location.empty() ? out : str_cat(out, " to ", location);
  }

  // Copies come when they come; one too many is seen here or at the next request.
  void expect_copies(const Explanation& found) {
    for (const ExplainedMirror& mirror : found.mirrors) {
      if (mirror.drawn.value_or(false)) ++copies_.at(mirror.name == "default/shadow0" ? 0 : 1);
    }
    auto give_up = std::chrono::steady_clock::now() + 60s;
    for (size_t i = 0; i < mirrors_.size(); ++i) {
      while (mirrors_[i]->requests() < copies_[i] && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::yield();
      }
      EXPECT_EQ(mirrors_[i]->requests(), copies_[i]) << "copies at shadow" << i;
    }
  }

  // The request once more, with what the answer to the last one gave to keep its session; nothing: it gave none.
  std::optional<ExplainWords> again(ExplainWords words) {
    if (token_.first.empty()) return std::nullopt;
    words.headers.push_back(token_);
    words.draw = ~*words.draw;
    return words;
  }
  static std::pair<std::string, std::string> token_in(const std::string& head) {
    std::string cookie = field_of(head, "set-cookie");
    if (!cookie.empty()) return {"cookie", cookie.substr(0, cookie.find(';'))};
    std::string token = field_of(head, "x-session");
    return token.empty() ? std::pair<std::string, std::string>() : std::pair(std::string("x-session"), token);
  }

  // What is explained of `words`, once traffic did the same.
  std::optional<Explanation> agreed(const Snapshot& snapshot, const GeneratedMesh& mesh, const ExplainWords& words) {
    auto query = query_of(words);
    if (query == nullptr) return std::nullopt;
    Explanation found = explain(snapshot, *query);
    std::string happened = happens(words);
    std::string said = expected(found, mesh, words, names_, happened);
    EXPECT_EQ(happened, said) << found.trace.text() << "\n" << describe(mesh, words);
    expect_copies(found);
    if (happened != said || HasFailure()) return std::nullopt;
    return found;
  }

  Explanation ask_live(std::shared_ptr<const ExplainQuery> query) {
    std::optional<Result<Explanation>> answer;
    outbound_->worker().explain(loop_, LiveQuestion{std::move(query), 0},
                                [&](Result<Explanation> found) { answer.emplace(std::move(found)); });
    EXPECT_TRUE(runs_until(loop_, [&] { return answer.has_value(); }));
    EXPECT_TRUE(answer && *answer) << "no answer";
    return answer && *answer ? **answer : Explanation();
  }

  GeneratedPlaces places_;
  std::vector<std::unique_ptr<BlockingOrigin>> origins_of_sets_;
  std::vector<std::unique_ptr<BlockingOrigin>> mirrors_;
  std::array<int, 2> copies_{};  // that are explained
  Names names_;
  std::pair<std::string, std::string> token_;  // field and value of the last answer
  Sidecar* guard_ = nullptr;
  ArmedRandom random_;
  SnapshotBuilder builder_{ModelScope::kWhole};
  uint64_t version_ = 0;
  std::unique_ptr<BlockingClient> client_;
  Loop loop_;
};

TEST_F(ExplainAgreement, TrafficDoesWhatIsExplained) {
  std::map<std::string, size_t> outcomes;
  size_t asked = 0;
  int64_t copied = 0;
  size_t calls = 0;
  size_t sessions = 0;
  for (uint64_t seed = 1; seed <= kMeshes; ++seed) {
    GeneratedMesh mesh = generate_mesh(seed, places_, kRequests);
    auto snapshot = obey(mesh);
    ASSERT_NE(snapshot, nullptr);
    for (const ExplainWords& words : mesh.requests) {
      std::optional<Explanation> found = agreed(*snapshot, mesh, words);
      ASSERT_TRUE(found) << "seed " << seed;
      copied +=
          std::count_if(found->mirrors.begin(), found->mirrors.end(), [](auto& m) { return m.drawn.value_or(false); });
      calls += found->route_kind == "GRPCRoute" ? 1 : 0;
      if (std::optional<ExplainWords> next = again(words)) {
        std::optional<Explanation> kept = agreed(*snapshot, mesh, *next);
        ASSERT_TRUE(kept) << "seed " << seed;
        sessions += kept->session && kept->session->verdict == SessionVerdict::kValid ? 1 : 0;
      }

      ++outcomes[std::string(info(found->reason).name)];
      if (++asked % kLiveEvery != 0) continue;
      Explanation live = ask_live(query_of(words));
      ASSERT_EQ(decided(live), decided(*found)) << live.trace.text() << "\n" << describe(mesh, words);
    }
  }
  EXPECT_EQ(asked, kMeshes * kRequests);
  for (const char* reason : {"none", "route-not-found", "service-unknown", "no-healthy-endpoint", "backend-set-missing",
                             "route-redirect", "direct-response", "fault-abort", "cors-preflight", "authz-denied"}) {
    EXPECT_GE(outcomes[reason], kMeshes / 20) << reason << ": the generator makes too few";
  }
  EXPECT_GE(copied, static_cast<int64_t>(kMeshes / 20)) << "copies: the generator makes too few";
  EXPECT_GE(calls, kMeshes) << "calls: the generator makes too few";
  EXPECT_GE(sessions, kMeshes / 20) << "sessions: the generator makes too few";
}

// What the comparison is worth: an explanation of another draw is found out.
TEST_F(ExplainAgreement, AnExplanationOfAnotherDrawDisagrees) {
  size_t differ = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    GeneratedMesh mesh = generate_mesh(seed, places_, kRequests);
    auto snapshot = obey(mesh);
    ASSERT_NE(snapshot, nullptr);
    for (const ExplainWords& words : mesh.requests) {
      ExplainWords other = words;
      other.draw = ~*words.draw;
      std::string happened = happens(words);
      Explanation found = explain(*snapshot, *query_of(other));
      differ += happened == expected(found, mesh, words, names_, happened) ? 0 : 1;
    }
  }
  EXPECT_GT(differ, 0U);
}

TEST_F(ExplainAgreement, AskingSendsNothing) {
  GeneratedMesh mesh = generate_mesh(1, places_, kRequests);
  ASSERT_NE(obey(mesh), nullptr);

  for (const ExplainWords& words : mesh.requests) (void)ask_live(query_of(words));

  for (const auto& origin : origins_of_sets_) EXPECT_EQ(origin->connections(), 0);
  for (const auto& mirror : mirrors_) EXPECT_EQ(mirror->connections(), 0);
}
}  // namespace
}  // namespace heddle
