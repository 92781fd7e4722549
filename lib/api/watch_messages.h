// The lines of the watch stream between a sidecar and the control plane (docs/watch-protocol.md): JSON, one message per
// line. encode() answers the line with its '\n'; the decoders take it without. A `put` line has one fixed form,
//   {"put":"<key>","resource":<bytes>}
// so that the resource's bytes are found without parsing and hashes are over exactly these bytes.
// Strict: unknown messages and fields are errors unless the sender marked them as ignorable. Pure values, no loop;
// decoding of puts is linear and fit for the offload thread.
#pragma once
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "lib/api/federated.h"
#include "lib/api/request_fact.h"
#include "lib/api/resource.h"
#include "lib/base/address.h"
#include "lib/base/clock.h"

namespace heddle {
inline constexpr uint32_t kWatchSchema = 1;
inline constexpr size_t kMaxControlLine = kMaxResourceBytes + 4096;  // a put: resource, key and frame
inline constexpr size_t kMaxSidecarLine = 512 * 1024;                // a hello with kMaxWants of the longest names
inline constexpr size_t kMaxWants = 1000;
inline constexpr size_t kMaxNackErrors = 100;
inline constexpr size_t kMaxNackMessage = 1024;  // bytes of each text of a nack error
inline constexpr size_t kMaxCounters = 1000;
inline constexpr size_t kMaxBackendTroubles = 20;           // of a report
inline constexpr Duration kMaxClockAhead = 24h * 365 * 10;  // more is told as this
inline constexpr size_t kMaxFeatures = 64;
inline constexpr std::string_view kTrustFeature = "trust";          // takes WatchTrust
inline constexpr std::string_view kFactsFeature = "facts";          // answers WatchFactsRequest
inline constexpr std::string_view kAddressesFeature = "addresses";  // takes WatchAddresses
inline constexpr size_t kMaxWantedAddresses = 256;                  // of one line
inline constexpr size_t kMaxLineFacts = 100;                        // of one WatchFacts
inline constexpr size_t kMaxNodeName = 253;
inline constexpr size_t kMaxInstance = 64;
inline constexpr size_t kMaxLeavingAddresses = 64;    // of a WatchDraining
inline constexpr Duration kMaxLeavingWithin = 10min;  // more is told as this

enum class WatchScope : uint8_t {
  kWants,       // the wanted services and what they need
  kEverything,  // all resources: control plane replicas
};

// --- sidecar -> control ---

// First message of a stream; later on it starts over, as after a hash that did not match (then without `version`).
struct WatchHello {
  uint32_t schema = kWatchSchema;
  std::string node{};
  std::string software{};
  std::vector<std::string> features{};
  WatchScope scope = WatchScope::kWants;
  std::optional<Version> version{};  // what it holds; both or none
  std::string hash{};                // 64 hex digits
  std::vector<ResourceKey> wants{};  // services
  std::string instance{};            // of the process: tells apart who has the same name; empty: it says none
  bool operator==(const WatchHello&) const = default;
};
struct WatchWant {
  std::vector<ResourceKey> add;
  std::vector<ResourceKey> drop;
  std::vector<Address> addresses{};  // "whose are they?"; only to a control plane that sent WatchAddresses
  bool operator==(const WatchWant&) const = default;
};
struct WatchAck {
  Version version;
  bool operator==(const WatchAck&) const = default;
};
struct WatchNackError {
  std::string resource;  // key text; empty for the whole
  std::string path;      // "spec.rules[0].backendRefs"
  std::string message;
  bool operator==(const WatchNackError&) const = default;
};
struct WatchNack {
  Version version;
  std::vector<WatchNackError> errors;  // at least one
  bool operator==(const WatchNack&) const = default;
};
// A backend set with endpoints that a sidecar finds down.
struct BackendTrouble {
  std::string set;  // namespace/name
  uint64_t up = 0;
  uint64_t down = 0;
  bool operator==(const BackendTrouble&) const = default;
};

// Every 5 s. The counters are totals of the process and only grow: lib/api/traffic_counts.h.
struct WatchReport {
  std::map<std::string, uint64_t> counters;
  Duration lag{};                          // travels in milliseconds
  std::optional<Version> version{};        // in force; ignorable
  std::optional<Duration> clock_ahead{};   // of the control plane's by its last heartbeat, may be negative; ignorable
  std::vector<BackendTrouble> backends{};  // the worst first, at most kMaxBackendTroubles; ignorable
  bool operator==(const WatchReport&) const = default;
};

// What all of the sidecar uses; said again whenever it changes. Only to a control plane that sent a WatchTrust.
struct WatchTrustInUse {
  std::string bundle;       // digest of the roots (certs/domain_roots.h), 64 hex digits
  std::string authority{};  // pin of the root that vouches for its certificate; empty: none of them
  std::string federated{};  // federated_digest() of the federated domains (certs/trust_bundle.h); empty: none
  bool operator==(const WatchTrustInUse&) const = default;
};
// Part of the answer to a WatchFactsRequest; the last part says so.
struct WatchFacts {
  uint64_t id = 0;  // of the request
  std::vector<RequestFact> facts{};
  uint64_t seen = 0;  // how many requests were decided, of which facts are a sample; told with the last part
  bool last = false;
  bool operator==(const WatchFacts&) const = default;
};

// It is about to end, and asks when nobody sends requests to it any more; answered by WatchRelease, several times. Said
// again on each stream, with the time that is left. Marked as ignorable: who does not know it never answers.
struct WatchDraining {
  std::vector<Address> addresses;  // by which others reach it; port 0: each of its ports. At least one
  Duration within{};               // then it goes on without; travels in milliseconds
  bool operator==(const WatchDraining&) const = default;
};

// --- control -> sidecar ---

enum class BatchKind : uint8_t { kSnapshot, kDelta };
struct WatchBegin {
  BatchKind kind = BatchKind::kSnapshot;
  std::optional<Version> from;  // of a delta
  Version to;
  bool operator==(const WatchBegin&) const = default;
};
struct WatchPut {
  ResourceKey key;
  std::string resource;
  bool operator==(const WatchPut&) const = default;
};
struct WatchDelete {
  ResourceKey key;
  bool operator==(const WatchDelete&) const = default;
};
struct WatchEnd {
  Version version;
  std::string hash;  // of all the sidecar holds when the batch is applied
  bool operator==(const WatchEnd&) const = default;
};
struct WatchHeartbeat {
  Version version;  // newest of the control plane
  WallTime time;
  std::optional<Version> runs;  // newest version whose content equals what this sidecar acked
  bool operator==(const WatchHeartbeat&) const = default;
};
struct WatchRetryAfter {
  Duration after{};  // travels in milliseconds
  bool operator==(const WatchRetryAfter&) const = default;
};
struct WatchDrain {
  bool operator==(const WatchDrain&) const = default;
};
// Answer to a want: these services do not exist or are not visible, which is the same.
struct WatchUnknown {
  std::vector<ResourceKey> services;
  bool operator==(const WatchUnknown&) const = default;
};

// Whose the addresses are that a want asked for. The first one, after the hello of a sidecar with the feature, is empty
// and says that such questions are answered. Never inside a batch.
struct WatchAddresses {
  struct Owned {
    Address address;
    ResourceKey service;
    bool operator==(const Owned&) const = default;
  };
  std::vector<Owned> services{};
  std::vector<Address> unknown{};  // of no service, or of none that the sidecar may see, which is the same
  bool operator==(const WatchAddresses&) const = default;
};

// Whom to trust from now on, and who signs. After the hello of a sidecar with the feature, and when it changes; never
// inside a batch.
struct WatchTrust {
  std::string signer;          // pin of the root that signs: who has a certificate of another asks for a new one
  Duration renew_within{};     // after a time of its own choice up to this; travels in milliseconds
  std::string bundle;          // SPIFFE bundle (JWK Set), one JSON object
  FederatedTexts federated{};  // all of them; marked as ignorable on the wire, for sidecars that know none
  bool operator==(const WatchTrust&) const = default;
};

// Asks for the newest facts of the requests that the sidecar remembers. Only to one with the feature; one at a time.
struct WatchFactsRequest {
  uint64_t id = 0;  // chosen by who asks
  uint32_t most = kMaxFacts;
  bool operator==(const WatchFactsRequest&) const = default;
};

enum class ReleaseState : uint8_t {
  kWaiting,
  kAcknowledged,  // every live sidecar that used the addresses acknowledged a version without them
  kDeadline,      // its time is over
  kBusy,          // too many leave at once: nobody looks after it
};
// How far those are who used the addresses of a WatchDraining. Only to who said it; anything but kWaiting is the last.
struct WatchRelease {
  ReleaseState state = ReleaseState::kWaiting;
  uint64_t sidecars = 0;   // that used it and are alive
  uint64_t missing = 0;    // of these, not done
  bool is_listed = false;  // the newest version still names it
  bool operator==(const WatchRelease&) const = default;
};

// A message this side does not know, marked as ignorable.
struct WatchIgnored {
  std::string type;
  bool operator==(const WatchIgnored&) const = default;
};

using SidecarMessage = std::variant<WatchHello, WatchWant, WatchAck, WatchNack, WatchReport, WatchTrustInUse,
                                    WatchFacts, WatchDraining, WatchIgnored>;
using ControlMessage =
    std::variant<WatchBegin, WatchPut, WatchDelete, WatchEnd, WatchHeartbeat, WatchRetryAfter, WatchDrain, WatchUnknown,
                 WatchAddresses, WatchTrust, WatchFactsRequest, WatchRelease, WatchIgnored>;

std::string encode(const SidecarMessage&);
std::string encode(const ControlMessage&);
// The answer to a request, in parts whose lines are short enough. `facts` from the oldest.
std::vector<WatchFacts> split_facts(uint64_t id, std::vector<RequestFact> facts, uint64_t seen);
// The line of WatchPut without copies in between.
std::string encode_put(std::string_view key, std::string_view resource);

// kBadRequest names the field and what was expected; kTooLarge for a line above the limit.
Result<SidecarMessage> decode_sidecar_message(std::string_view line);
Result<ControlMessage> decode_control_message(std::string_view line);
}  // namespace heddle
