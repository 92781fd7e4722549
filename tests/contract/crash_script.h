// What writers write that are killed while they do (etcd_crash_test.cc). Version n of the store and number n of the
// ledger are the same whoever makes them, and follow from n alone, so that anybody can tell whether one is whole.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "lib/base/strings.h"
#include "tests/support/ledger_rig.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace crash_script {
using Ports = std::map<std::string, std::string>;  // by the key of the backend set
constexpr uint64_t kKeys = 6;
constexpr std::string_view kFirst = "crash-first";  // documents of the ledger
constexpr std::string_view kSecond = "crash-second";

inline std::string name_of(uint64_t key) { return str_cat("k", std::to_string(key)); }
inline ResourceKey key_of(uint64_t key) { return *ResourceKey::make(Kind::kBackendSet, "default", name_of(key)); }

// k0 changes with every version; the others now and then, and are erased now and then.
inline std::optional<std::string> port_at(uint64_t key, uint64_t version) {
  if (version == 0) return std::nullopt;
  uint64_t change = (version + key) / (key + 1);
  bool is_erased = key != 0 && change % 3 == 0;
  if (is_erased) return std::nullopt;
  return std::to_string(1 + (change * 7 + key) % 60'000);
}

// One transaction: from the version before to this one.
inline Transaction operations(uint64_t version) {
  Transaction out;
  for (uint64_t key = 0; key < kKeys; ++key) {
    std::optional<std::string> now = port_at(key, version);
    if (now == port_at(key, version - 1)) continue;
    if (now) out.push_back(PutOperation{backend_set(name_of(key), *now)});
    if (!now) out.push_back(EraseOperation{key_of(key)});
  }
  return out;
}

inline CommitRequest commit_of(uint64_t version, std::string author) {
  return {operations(version), std::move(author), "", Version{1, version - 1}};
}

inline Ports state(uint64_t version) {
  Ports out;
  for (uint64_t key = 0; key < kKeys; ++key) {
    if (std::optional<std::string> port = port_at(key, version)) out.emplace(key_of(key).text(), *port);
  }
  return out;
}

inline Ports ports_of(const View& view) {
  constexpr std::string_view kPort = "\"port\":";
  Ports out;
  view.for_each([&out, kPort](const StoredResource::Ptr& resource) {
    std::string_view bytes = resource->bytes();
    size_t at = bytes.find(kPort);
    std::string_view rest = at == bytes.npos ? std::string_view() : bytes.substr(at + kPort.size());
    out.emplace(resource->key_text(), rest.substr(0, rest.find_first_not_of("0123456789")));
  });
  return out;
}

// Everything the store says about itself is what the script says.
inline void expect_true(const Store& store) {
  ASSERT_EQ(ports_of(store.view()), state(store.version().sequence)) << store.version().text();
  uint64_t next = store.log().oldest().version().sequence + 1;
  for (const Event& event : store.log().events()) {
    ASSERT_EQ(event.version, (Version{1, next}));
    ASSERT_EQ(ports_of(event.after), state(next)) << "version " << next;
    ++next;
  }
  ASSERT_EQ(next, store.version().sequence + 1);
}

inline std::string token_id(uint64_t number) { return str_cat("t", std::to_string(number)); }

// Four records in one change: two documents say the number, one token is there and the one before is taken.
inline LedgerChange ledger_change(uint64_t number) {
  std::string text = std::to_string(number);
  std::string id = token_id(number);
  LedgerChange out = {PutMeta{std::string(kFirst), text}, PutMeta{std::string(kSecond), text},
                      AddJoinToken{secret_hash(id), a_join_token(id)}};
  if (number > 1) out.push_back(TakeJoinToken{secret_hash(token_id(number - 1))});
  return out;
}

inline uint64_t number_of(Ledger& ledger) {
  return parse_int<uint64_t>(ledger.meta(kFirst)->value_or("0")).value_or(0);
}

inline void expect_whole(Ledger& ledger) {
  uint64_t number = number_of(ledger);
  ASSERT_EQ(ledger.meta(kSecond)->value_or("0"), std::to_string(number));
  Result<std::vector<JoinToken>> tokens = ledger.join_tokens();
  ASSERT_TRUE(tokens.has_value()) << tokens.error().text();
  ASSERT_EQ(tokens->size(), number == 0 ? 0U : 1U);
  if (number != 0) {
    ASSERT_EQ(tokens->front().id, token_id(number));
  }
}
}  // namespace crash_script
}  // namespace heddle
