// What control planes say to each other when one asks for the facts that the sidecars of another one remember
// (docs/watch-protocol.md, "Between control planes"): JSON bodies of POST /v1/replicas/facts. Strict, as the other
// lines between them. Pure values.
#pragma once
#include "control/watch/facts_fetcher.h"

namespace heddle {
inline constexpr std::string_view kPeerFactsPath = "/v1/replicas/facts";
inline constexpr size_t kMaxFactsQuery = 4096;
// Facts, each with the names of its members, and the names of sidecars around them.
inline constexpr size_t kMaxFactsAnswer = FactsFetcher::kMostBytes + (16UL << 20);
inline constexpr Duration kMaxFactsTimeout = 30s;
inline constexpr size_t kMaxPeerNames = 100;  // of those that remember nothing; the rest is counted

std::string encode_facts_query(const FactsQuery&);
// kBadRequest names the field and what was expected.
Result<FactsQuery> decode_facts_query(std::string_view body);
// The facts that follow are left out, and it says so, once the answer exceeds FactsFetcher::kMostBytes.
std::string encode_facts_result(const FactsResult&);
Result<FactsResult> decode_facts_result(std::string_view body);
}  // namespace heddle
