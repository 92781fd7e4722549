// docs/limits.md against the code: every row of its tables, in its order, with the numbers of the constants. A limit
// that changes, or a row that comes or goes, fails here until the page says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "certs/issued_authority.h"
#include "certs/limits.h"
#include "control/api/access_api.h"
#include "control/api/api_server.h"
#include "control/api/change_request.h"
#include "control/api/current_reads.h"
#include "control/api/failure_limit.h"
#include "control/api/resource_conditions.h"
#include "control/app/own_bundle_endpoint.h"
#include "control/ca/issuer.h"
#include "control/ca/pod_reviews.h"
#include "control/ca/refusal_limit.h"
#include "control/ca/rotation_schedule.h"
#include "control/ca/step_retry.h"
#include "control/docker/docker_watch.h"
#include "control/federation/federation_keeper.h"
#include "control/inject/admission.h"
#include "control/kube/kube_ledger.h"
#include "control/kube/kube_limits.h"
#include "control/plan/rollout_record.h"
#include "control/plan/rollout_state.h"
#include "control/replicas/mesh_feed.h"
#include "control/store/etcd_journal.h"
#include "control/store/etcd_ledger_plan.h"
#include "control/store/etcd_mirror.h"
#include "control/store/ledger_tries.h"
#include "control/store/read_index.h"
#include "control/store/store.h"
#include "control/watch/facts_fetcher.h"
#include "control/watch/release_book.h"
#include "control/watch/stream_age.h"
#include "k8s/init/number_ranges.h"
#include "lib/api/federated.h"
#include "lib/api/watch_messages.h"
#include "lib/base/json_scan.h"
#include "lib/base/problems.h"
#include "lib/base/strings.h"
#include "lib/config/model.h"
#include "lib/config/overload.h"
#include "lib/event/dns_resolver.h"
#include "lib/http/grpc_timeout.h"
#include "lib/http/limits.h"
#include "lib/http/rules.h"
#include "lib/metrics/registry.h"
#include "lib/net/proxy_header.h"
#include "lib/routing/session_persistence.h"
#include "lib/rpc/grpc_message.h"
#include "lib/rpc/http_server.h"
#include "lib/session/untrusted_peers.h"
#include "lib/snapshot/kept_names.h"
#include "lib/tls/client_hello.h"
#include "lib/tls/handshake_gate.h"
#include "lib/tls/key_update_guard.h"
#include "lib/tls/verdict_cache.h"
#include "proxy/admin/explain_view.h"
#include "proxy/admin/http_endpoint.h"
#include "proxy/app/bootstrap_probes.h"
#include "proxy/exchange/loop_guard.h"
#include "proxy/exchange/overload_gate.h"
#include "proxy/exchange/replay_body.h"
#include "proxy/identity/spire_retry.h"
#include "proxy/identity/workload_api.h"
#include "proxy/identity/workload_messages.h"
#include "proxy/lb/maglev_table.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/resilience/concurrency_limit.h"
#include "proxy/resilience/hedge.h"
#include "proxy/resilience/rate_buckets.h"
#include "proxy/resilience/retry_budget.h"
#include "proxy/resilience/retry_policy.h"
#include "proxy/telemetry/span_exporter.h"
#include "proxy/upstream/dns_endpoints.h"
#include "proxy/watch/address_wants.h"
#include "proxy/watch/wants.h"
#include "tests/support/source_directory.h"
#include "tests/unit/proxy/app/limit_texts.h"

namespace heddle {
namespace {
// Beside it the control plane's headers cannot be included: both have an `Admission`.
constexpr std::string_view kExchange = "proxy/exchange/exchange.h";
constexpr std::string_view kMirror = "proxy/exchange/mirror.h";

struct Row {
  std::string what;
  std::string limit;
  bool operator==(const Row&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.what << ": " << row.limit; }

std::string read(std::string_view file) {
  std::ostringstream text;
  text << std::ifstream(source_directory() / file).rdbuf();
  return text.str();
}

// The number that a constant of a .cc file is, which no header shows.
double hidden(std::string_view file, std::string_view name) {
  const std::string text = read(file);
  size_t at = text.find(str_cat(" ", name, " = "));
  EXPECT_NE(at, std::string::npos) << name << " is not in " << file;
  if (at == std::string::npos) return -1;
  std::string number = text.substr(at + name.size() + 4, text.find(';', at) - at - name.size() - 4);
  std::erase(number, '\'');
  double value = std::stod(number);
  if (size_t by = number.find(" * "); by != number.npos) value *= std::stod(number.substr(by + 3));
  if (size_t by = number.find(" / "); by != number.npos) value /= std::stod(number.substr(by + 3));
  return value;
}

std::vector<Row> of_a_message() {
  const HttpLimits edge;
  const HttpLimits mesh = HttpLimits::mesh();
  EXPECT_EQ(hidden(kMirror, "idle"), hidden(kMirror, "afterwards"));
  return {
      {"request target", size(edge.target_bytes)},
      {"head, or trailers: names, values and 32 bytes per field, decoded",
       str_cat(size(edge.head_bytes), " (between sidecars ", size(mesh.head_bytes - edge.head_bytes), " more)")},
      {"fields of a head, each cookie crumb counted",
       str_cat(count(edge.fields), " (between sidecars ", count(mesh.fields - edge.fields), " more)")},
      {"chunk extensions, never forwarded",
       str_cat(size(edge.chunk_extension_bytes), " per chunk, ", size(edge.chunk_extensions_total), " per message")},
      {"1xx answers of one request", count(edge.informational)},
      {"method, host", str_cat(count(kMaxMethodBytes), ", ", count(kMaxHostBytes), " bytes")},
      {"bytes queued towards a peer, per stream", str_cat(size(edge.stream_high_mark), ", low mark half")},
      {"request body kept for another try", size(ReplayBody::kLimit)},
      {"request body read on after our own answer", size(hidden(kExchange, "kDiscardLimit"))},
      {"passes of one request through the same proxy", count(LoopGuard::kMostPasses)},
      {"mirrors of a rule", count(kMaxRuleMirrors)},
      {"body held for a mirror, beside what its stream queues", size(hidden(kMirror, "kMaxHeld"))},
      {"a mirror in which nothing moves; after its request is over",
       str_cat(count(hidden(kMirror, "idle")), " s each")},
  };
}

std::vector<Row> of_http2() {
  constexpr std::string_view kAbuse = "lib/http/http2_abuse.cc";
  constexpr std::string_view kSession = "lib/http/http2_session.cc";
  const HttpLimits edge;
  const HttpLimits mesh = HttpLimits::mesh();
  return {
      {"streams at once", count(edge.max_concurrent_streams)},
      {"window of a stream, of the connection", str_cat(size(edge.stream_window), ", ", size(edge.connection_window))},
      {"frame", size(hidden(kSession, "kMaxFrame"))},
      {"CONTINUATION frames of one head", count(edge.continuations)},
      {"entries of one SETTINGS", count(hidden(kSession, "kMaxSettingsEntries"))},
      {"resets by the peer",
       str_cat("plaintext listeners: ", count(edge.reset_burst), " at once, ", count(edge.reset_rate),
               "/s; between sidecars: ", count(mesh.reset_burst), ", ", count(mesh.reset_rate), "/s")},
      {"streams reset within a second of their beginning",
       str_cat("half of them, from ", count(hidden(kAbuse, "kPrematureFrom")), " on")},
      {"PING and SETTINGS without data in between",
       str_cat(count(hidden(kAbuse, "kControlBurst")), " at once, ", count(hidden(kAbuse, "kControlPerSecond")), "/s")},
      {"answers the peer does not take",
       str_cat(size(edge.control_bytes), " or ", count(edge.control_frames), " frames")},
      {"score of all that costs us more than the peer; falls to zero in ten seconds",
       str_cat(count(hidden(kAbuse, "kWindDownAt") * edge.abuse_score), ": no new streams; ", count(edge.abuse_score),
               ": GOAWAY ENHANCE_YOUR_CALM")},
  };
}

Row addresses_asked_for() {
  return {"addresses a sidecar asks for",
          str_cat(count(kMaxWantedAddresses), " at once; ", count(AddressWants::kPerSecond), "/s")};
}

Row consistent_hashing() {
  return {
      "consistent hashing, per backend set and worker",
      str_cat("a ring of ", count(HashRing::kMaxPoints), " points, a table of ", count(MaglevTable::kSlots), " slots")};
}

Row leaving_at_once() {
  return {"sidecars that [leave](operations.md#leaving-first) at once",
          str_cat(count(ReleaseBook::kMaxLeavers), " at a control plane; ", count(kMaxLeavingAddresses),
                  " addresses each; ", in(1s, kMaxLeavingWithin), " s")};
}

Row adaptive_limit() {
  return {"[adaptive limit](operations.md#adaptive-concurrency) of an inbound listener",
          str_cat("begins at ", count(ConcurrencyRange{}.start), "; ", count(AdaptiveConcurrencySpec{}.min_limit),
                  " to ", count(AdaptiveConcurrencySpec{}.max_limit), ", or as its Workload says, at most ",
                  count(kMaxConcurrencyLimit), "; divided among workers")};
}

std::vector<Row> of_connections() {
  constexpr std::string_view kCap = "lib/net/connection_cap.cc";
  constexpr std::string_view kPressure = "proxy/resilience/pressure.cc";
  const HandshakeGate::Limits handshakes;
  const CircuitLimits pool;
  EXPECT_NE(read("proxy/app/worker_core.cc").find("default_limit(0.45,"), std::string::npos)
      << "45 % of the file limit";
  EXPECT_EQ(pool.connections, pool.pending);
  EXPECT_EQ(pool.connections, pool.requests);
  EXPECT_EQ(pool.connections, pool.retries);
  return {
      {"connections of the process",
       str_cat("the least of ", count(hidden(kCap, "kMostConnections")), ", 45 % of the file limit, memory / ",
               size(hidden(kCap, "kMemoryPerConnection")), "; divided among workers")},
      {"memory", str_cat(count(hidden(kPressure, "kTightPercent")), " %, ", count(hidden(kPressure, "kFullPercent")),
                         " % of `memoryLimitMiB` or the container's")},
      {"PROXY header, where one is required",
       str_cat("version 1: ", count(kMaxProxyLine), " bytes; version 2: ", count(kMaxProxyHeader - kMaxProxyBlock),
               " and ", count(kMaxProxyBlock), " bytes")},
      {"ClientHello of a client's own TLS, where TLSRoutes are attached",
       str_cat(size(kMaxSniffedHello), ", ", count(hidden("proxy/exchange/tcp_proxy.h", "kDetect")), " s")},
      {"TLS handshakes under way, per worker",
       str_cat(count(handshakes.in_flight), ", ", count(handshakes.steps_per_turn), " steps a turn")},
      {"certificate chain", str_cat(size(kMaxChainPem), ", ", count(kMaxChainLength), " certificates; RSA ",
                                    count(kMinRsaBits), " to ", count(kMaxRsaBits), " bits")},
      {"KeyUpdates of a TLS connection",
       str_cat(count(KeyUpdateGuard::kPerSecond), " at once, ", count(KeyUpdateGuard::kPerSecond), "/s")},
      {"lifetime of a certificate from the control plane",
       str_cat(in(1s, kMinTtl), " s to ", in(24h, kMaxTtl), " days")},
      {"times", "[operations](operations.md#timeouts)"},
      {"a backend set: connections, waiting, in flight, retries",
       str_cat(count(pool.connections),
               " each, or as its [TrafficPolicy](resources/traffic-policy.md) says, divided among workers")},
      {"tries of a request", str_cat(count(kUnprocessedTries), ", only of what was never processed; ",
                                     count(RetrySpec::kMaxAttempts + 1), " where a route or TrafficPolicy says so")},
      {"retries of a backend set",
       str_cat(count(RetryBudgetSpec{}.percent), " % of the requests of ", count(RetryBudget::kSeconds),
               " s, at least ", count(RetryBudgetSpec{}.min_per_second), "/s, divided among workers")},
      {"hedges of a request", str_cat(count(kMaxHedges), ", of the retries of its backend set")},
      {"`grpc-timeout`", str_cat(count(kGrpcTimeoutDigits), " digits; what is longer than ",
                                 in(24h, kLongestGrpcTimeout), " days counts as that")},
      consistent_hashing(),
      {"services a sidecar asks for", str_cat(count(kMaxWants), "; ", count(Wants::kPerSecond), " new names/s")},
      addresses_asked_for(),
      leaving_at_once(),
      adaptive_limit(),
      {"health probes let in before it, per worker", str_cat(count(OverloadGate::kMostProbes), " at once")},
      {"admin, stats and health page, each",
       str_cat(count(HttpEndpoint::kMaxConnections), " connections, ", count(HttpEndpoint::kMaxOfSource),
               " of one address (IPv6: /64) that is not loopback")},
      {"[probes of the application](proxy-config.md#probes-of-the-application)",
       str_cat(count(kMaxApplicationProbes), "; ", count(ApplicationProbes::kMaxAtOnce), " at once")},
      {"spans of traced requests that wait for the collector, per worker", count(SpanExporter::kRingSpans)},
      {"question to a sidecar (`POST /explain`)",
       str_cat(size(LiveWords::kMaxBody), "; ", count(Explanation::kMaxEndpoints),
               " endpoints of a backend set are listed")},
  };
}

std::vector<Row> of_identity() {
  constexpr std::string_view kIssuer = "control/ca/issuer.cc";
  EXPECT_EQ(kMaxCsr, kMaxKeyPem);
  return {
      {"SPIFFE id, trust domain", str_cat(count(kMaxSpiffeId), ", ", count(kMaxTrustDomain), " bytes")},
      {"CSR, key", str_cat(size(kMaxCsr), " each")},
      {"bundle of a trust domain", str_cat(size(kMaxBundle), ", ", count(kMaxRoots), " roots")},
      {"names read from a certificate", count(kMaxSubjectNames)},
      {"peers whose verified certificates are remembered",
       str_cat(count(VerdictCache::kCapacity), " of our trust domain, ", count(VerdictCache::kForeignCapacity),
               " of all others, for each generation of certificate and bundle; beyond, each handshake verifies anew")},
      {"message of a Workload API that we ask",
       str_cat(size(kMaxGrpcMessage), ", ", count(workload::kMaxDomains), " federated domains")},
      {"its first message", str_cat("within ", in(1s, SpireStream::kFirstMessage),
                                    " s, and good; else asked again after ", in(1s, SpireRetry::kStep), " s, ",
                                    in(1s, 2 * SpireRetry::kStep), " s ... ", in(1s, SpireRetry::kCap), " s")},
      {"Workload API that we serve",
       str_cat(count(WorkloadApi::kMaxConnections), " connections, ", count(WorkloadApi::kMaxCalls),
               " calls, requests of ", size(hidden("proxy/identity/workload_api.cc", "limits.message")),
               "; a call says its request within ", in(1s, WorkloadApiOptions{}.first_request),
               " s, a connection without calls ends after ", in(1s, SessionLimits{}.idle), " s")},
      {"lifetime of an SVID",
       str_cat("at least ", in(1s, kMinTtl), " s; default ", in(1h, Issuer::Options{}.svid_ttl), " h")},
      {"join token", str_cat("one use, ", in(1min, Issuer::kDefaultTokenTtl), " minutes by default, at most ",
                             in(1h, Issuer::kMaxTokenTtl), " h")},
      {"tokens of the [configuration API](access.md)",
       str_cat(count(kMaxAccessTokens), ", each for ever or at most ", in(1h, AccessApi::kMaxTtl), " h; ",
               count(kMaxGrants), " roles of one, ", count(kMaxGrantNamespaces), " namespaces of a role")},
      {"failed attestations and API calls",
       str_cat(count(FailureLimit::kPerSecond), "/s per address, ", count(FailureLimit::kBurst), " at once")},
      {"refusals in the audit log",
       str_cat(count(RefusalLimit::kBurst), " at once and ", count(60 * RefusalLimit::kPerSecond),
               " a minute of one peer, ", count(RefusalLimit::kAllBurst), " at once and ",
               count(RefusalLimit::kAllPerSecond), "/s of all; the rest is counted")},
      {"intermediates below a given root", count(kMaxIssuers)},
      {"connections of a retired root",
       str_cat("told to leave within ", in(1s, UntrustedPeers::kDrainWithin), " s, gone after ",
               in(1s, UntrustedPeers::kWithin), " s, ", count(UntrustedPeers::kPerSecond), "/s or more")},
      {"a new root before it signs", str_cat("announced for ", in(1min, RotationSchedule::kSettle),
                                             " minutes, or a quarter of what is left of the one that signs")},
      {"a rotation that was aborted",
       str_cat("not begun by itself for ", in(1h, RotationSchedule::kAfterAbort), " h, or half of what is left")},
      {"a step of the schedule that failed",
       str_cat("again after ", in(1s, StepRetry::kFirst), " s, twice as long each time, at most ",
               in(1min, StepRetry::kCap), " minutes")},
      {"renewals of one sidecar", str_cat(count(hidden(kIssuer, "kRenewalBurst")), " at once, then the larger of ",
                                          count(60 * hidden(kIssuer, "kRenewalsPerSecond")), " a minute and ",
                                          count(hidden(kIssuer, "kRenewalsPerLifetime")), " per lifetime")},
      {"certificates and tokens that wait for the store",
       str_cat(count(LedgerTries::kMaxUnderWay), " of the CA, ", count(LedgerTries::kMaxUnderWay),
               " of the access API; one more is 503 `overload`")},
  };
}

std::vector<Row> of_federation() {
  constexpr std::string_view kJwks = "certs/jwks.cc";
  EXPECT_EQ(FetcherOptions{}.resolve, FetcherOptions{}.connect);
  return {
      {"federated trust domains", str_cat(count(kMaxFederatedDomains), "; ", size(kMaxFederatedBytes),
                                          " of bundles in all, ", size(kMaxFederatedBundle), " of one")},
      {"asking a bundle endpoint",
       str_cat(count(FederationKeeper::kMaxAtOnce), " at once; ", in(1s, FetcherOptions{}.connect),
               " s each to find, connect and shake hands, ", in(1s, FetcherOptions{}.whole), " s in all; ",
               size(kMaxBundle), ", ", count(kMaxWebChain), " certificates shown")},
      {"asking it again",
       str_cat("after ", count(hidden(kJwks, "kMinHint")), " s to ", count(hidden(kJwks, "kMaxHint") / 3600),
               " h as the bundle says, ", in(1min, DomainRoots::kDefaultRefreshHint),
               " m without a word; after a failure ", in(1s, FetchSchedule::kRetry.first), " s to ",
               in(1min, FetchSchedule::kRetry.cap), " m")},
      {"CA file of web servers", str_cat(size(kMaxCaFile), ", ", count(kMaxCaFileCertificates), " certificates")},
      {"lookups of names that have not ended",
       str_cat(count(NameLookup::kMaxAtOnce), "; ", count(NameLookup::kMaxAddresses), " addresses of a name")},
      {"URL of a bundle endpoint", str_cat(count(HttpsUrl::kMaxBytes), " bytes")},
      {"[bundle endpoint](federation.md) of the control plane",
       str_cat(count(OwnBundleEndpoint::kMostConnections), " connections or ",
               count(100 * hidden("control/app/own_bundle_endpoint.cc", "kShareOfDescriptors")),
               " % of the descriptors, 1/", count(OwnBundleEndpoint::kSources), " of them (at least ",
               count(OwnBundleEndpoint::kLeastOfSource), ") of one address (IPv6: /64), ",
               count(OwnBundleEndpoint::kMostHandshakes), " handshakes at once, heads of ",
               size(OwnBundleEndpoint::kMaxHead), ", ", count(OwnBundleEndpoint::kMostStreams),
               " streams of a connection, ", in(1s, OwnBundleEndpoint::kPatience),
               " s for a handshake, a head, the next request; gone after ", in(1s, OwnBundleEndpoint::kLongestStay),
               " s")},
  };
}

std::vector<Row> of_changes() {
  return {
      {"message of a change", str_cat(count(kMaxChangeMessage), " bytes")},
      {"versions that are kept", limits_of_history()},
      {"a difference line by line", limits_of_differences()},
      {"waits for a version (`GET /v1/wait`)",
       str_cat(count(WaitApi::kMaxWaiting), ", of one token ", count(WaitApi::kMaxOfToken), "; each at most ",
               in(1min, WaitApi::kMaxWait), " minutes")},
      {"searches for `status.conditions` of one answer", count(ResourceConditions::kMaxSearches)},
  };
}

std::vector<Row> of_configuration() {
  EXPECT_EQ(ApiServer::kMaxApplyBody, kMaxSnapshotBytes);
  return {
      {"resource", size(kMaxResourceBytes)},
      {"snapshot, `heddle apply`", size(kMaxSnapshotBytes)},
      {"changes that wait to be written", limits_of_waiting()},
      {"body of any other API call", size(ApiServer::kMaxBody)},
      {"bodies that one port of the control plane holds at once", limits_of_bodies()},
      {"[`heddle plan`](plan.md)", limits_of_plan()},
      {"JSON", str_cat(size(kMaxJsonBytes), ", depth ", count(kMaxJsonDepth))},
      {"fields of resources", "[resources](resources.md), [authorization](authorization.md)"},
      {"a [staged rollout](rollouts.md)",
       str_cat("one at a time; ", count(RolloutSpec::kMaxStages), " stages, each watched for ",
               count(static_cast<size_t>(RolloutSpec::kMinWatch / 1s)), " s to ",
               count(static_cast<size_t>(RolloutSpec::kMaxWatch / 1h)), " h; changes of ",
               size(RolloutState::kMaxBytes), " in all; ", count(RolloutRecord::kMaxWaiting), " steps wait")},
      {"regular expressions of a route",
       str_cat(count(kMaxRouteRegexes), "; each ", count(kMaxRegexProgram), " instructions of RE2, ",
               size(kMaxRegexMemory), "; texts of ", size(kMaxRegexSubject))},
      {"[session persistence](resources/http-route.md#session-persistence)",
       str_cat("a name of ", count(kMaxSessionName), " bytes, ", count(static_cast<size_t>(kMaxSessionTime / 24h)),
               " days, a token of ", count(kSessionTokenBytes), " bytes, clocks ",
               count(static_cast<size_t>(SessionPersistence::kMaxClockSkew / 1s)), " s apart")},
      {"[rate limits](rate-limits.md)",
       str_cat(count(kMaxRateLimits), " of a policy, ", count(kMaxWorkloadRateLimits), " of a workload; ",
               count(kMaxRateMatches), " matches of one, ", count(kMaxRateRegexes),
               " regular expressions of a policy; ", count(kMaxRateHeaders), " headers as keys, ",
               count(RateBuckets::kPlaces), " keys of a limit at once")},
      {"the watch", "[watch protocol](watch-protocol.md#limits)"},
      {"[sidecars that come at once](watch-protocol.md#starting-a-stream) to a control plane", limits_of_arrivals()},
      {"a watch stream", str_cat(in(1min, kLongestStream), " m, then it is asked to come anew")},
      {"a control plane that has [more than its share](watch-protocol.md#several-control-planes) of the streams",
       limits_of_balance()},
      {"control planes that hear each other", limits_of_peers()},
      {"commits in a row", limits_of_debounce()},
      {"[remembered requests](operations.md#remembered-requests) of a sidecar", limits_of_remembered()},
      {"what rules name of them",
       str_cat(count(KeptNames::kMost), " header fields, ", count(KeptNames::kMost), " query parameters, ",
               count(KeptNames::kMost), " questions about secret fields")},
      {"a fetch of remembered requests, of all control planes together",
       str_cat(count(FactsFetcher::kMostSidecars), " sidecars, ", count(FactsFetcher::kMostFacts), " requests, ",
               size(FactsFetcher::kMostBytes), "; ", count(FactsFetcher::kMostWaiting), " fetches wait")},
      {"[backend sets looked up in DNS](resources/backend-set.md#endpoints-from-dns)",
       str_cat(count(kMaxDnsSets), "; ", count(kMaxDnsTargets), " targets, ", count(kMaxDnsEndpoints),
               " endpoints of one; ", count(DnsResolver::kMaxAtOnce), " questions at once")},
      {"a DNS lookup that failed", limits_of_failed_lookups()},
      {"problems told of one set", count(Problems::kMaxProblems)},
      {"series of one metric", str_cat(count(Registry::kMaxSeriesPerFamily), "; the rest is counted as `other`")},
      {"members of etcd",
       str_cat(count(EtcdOptions::kMaxEndpoints), "; ", in(1s, EtcdOptions{}.connect), " s to connect to one, ",
               in(1s, EtcdOptions{}.attempt), " s for its answer, ", in(1s, EtcdOptions{}.whole), " s for a call; ",
               size(kMaxEtcdAnswer), " of an answer")},
      {"a transaction in etcd", str_cat("in parts of ", size(kEtcdPartBytes), " above ", size(kEtcdInlineBytes),
                                        "; the newest ", count(EtcdJournal::Options{}.history),
                                        " are kept, a snapshot after ", count(EtcdJournal::Options{}.snapshot_every))},
      {"an append that etcd does not answer",
       str_cat("given up after ", in(1s, EtcdJournal::Options{}.patience), " s")},
  };
}

std::vector<Row> of_shared_records() {
  const EtcdMirror::Options mirror;
  return {
      {"an API call that waits for etcd, so that it shows the newest",
       str_cat(in(1s, ReadIndex::kPatience), " s, then the last state is shown with its age; ",
               count(CurrentReads::kMaxWaiting), " wait, one more is 503 `overload`")},
      {"the ledger in a Secret (`--store kubernetes`)",
       str_cat(count(kMaxLedgerSecret), " bytes of keys and values; what expired is dropped first, then `too-large`; ",
               count(KubeLedger::kMaxWaiting), " changes wait, ", count(KubeLedger::kMaxTries), " tries of one")},
      {"control planes that follow one, a line of theirs, a state",
       str_cat(count(MeshFeed::kMaxStreams), ", ", size(kMaxMeshLine), ", ", size(kMaxMeshBody))},
      {"Leases by which control planes of a cluster know each other", limits_of_leases()},
      {"records that control planes share in etcd",
       str_cat(count(EtcdMirror::kMaxRecords), " below a prefix; ", count(EtcdMirror::kMaxChanges), " and ",
               size(EtcdMirror::kMaxBytes), " of one change, given up after ", in(1s, mirror.patience), " s; ",
               count(EtcdLedgerPlan::kMaxExpired), " that expired are forgotten at a time; ",
               count(EtcdMirror::kMaxFreeMarks), " spare marks of commits")},
      {"what they miss of each other", str_cat("looked for every ", in(1s, mirror.look), " s; all is read anew after ",
                                               in(1s, EtcdMirror::kSilence), " s of silence")},
  };
}

std::vector<Row> of_kubernetes() {
  return {
      {"an answer of the Kubernetes API",
       str_cat(size(kMaxKubeAnswer), ", a list in pages of ", count(kKubePage), " objects, ", count(kMaxKubeObjects),
               " in all; ", size(kMaxKubeObject), " of an object or event")},
      {"a watch of the Kubernetes API",
       str_cat("ended by the server after ", in(1s, kKubeWatchLeast), " s to ", in(1s, 2 * kKubeWatchLeast),
               " s and begun anew from there, at the latest after ", in(1s, kKubeSilence),
               " s without a byte, and listed anew after ", count(kKubeSilentWatches),
               " of these; over HTTP/2 a silent connection is asked after ", in(1s, kKubeQuiet),
               " s and given up after ", in(1s, kKubeAnswerToPing), " s more")},
      {"kubeconfig", size(kMaxKubeConfig)},
      {"token of a service account, ours or one that is reviewed",
       str_cat(size(kMaxKubeToken), "; ours is read again after ", in(1s, kKubeTokenPeriod), " s")},
      {"reviews of pods' tokens",
       str_cat(count(PodReviews::kMaxAtOnce), " at once, ", count(PodReviews::kPerSecond), "/s; ",
               count(PodReviews::kMaxWaiting), " wait, each ", in(1s, PodReviews::kMaxWait), " s")},
      {"a question to the [webhook](injection.md)", size(kMaxAdmissionReview)},
      {"an answer of the [Docker Engine's](docker.md) API",
       str_cat(size(DockerClient::kMaxAnswer), "; ", size(DockerClient::kMaxEvent), " of an event; ",
               in(1s, DockerClient::kDeadline), " s; all is listed anew every ", in(1s, DockerWatch::kListAgain),
               " s")},
  };
}

std::vector<Row> of_interception() {
  return {{"entries of one option of [heddle-init](interception.md)", count(kMaxInitEntries)}};
}

std::string trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

// The first two cells of every row of every table.
std::vector<Row> documented() {
  std::vector<Row> rows;
  const std::string text = read("docs/limits.md");
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with("| ")) continue;
    std::vector<std::string_view> cells = split(line, '|');
    Row row{trimmed(cells[1]), trimmed(cells[2])};
    if (row.what != "what") rows.push_back(std::move(row));
  }
  return rows;
}

TEST(LimitDocs, SayWhatTheCodeSays) {
  std::vector<Row> wanted;
  for (const auto& table : {of_a_message(), of_http2(), of_connections(), of_identity(), of_federation(), of_changes(),
                            of_configuration(), of_shared_records(), of_kubernetes(), of_interception()})
    wanted.insert(wanted.end(), table.begin(), table.end());

  EXPECT_THAT(documented(), testing::ElementsAreArray(wanted));
}
}  // namespace
}  // namespace heddle
