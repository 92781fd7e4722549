// EtcdLedgerIndex: the ledger's records, decoded and found by what they are asked for. A record that cannot be read
// stops no other: it is refused by name where it is asked for by its key, is missing from lists and from searches by
// serial or identity (so a sidecar whose lineage is damaged must join again), and can be replaced or removed. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/store/ledger.h"
#include "lib/base/result.h"

namespace heddle {
class EtcdLedgerIndex {
 public:
  // What the key holds now; nullptr: nothing. An answer: it cannot be read.
  Result<void> set(const std::string& key, const std::string* value);

  Result<std::optional<JoinToken>> join_token(const std::string& key) const;
  Result<std::optional<AdminTokenRow>> admin_token(const std::string& key) const;
  std::vector<JoinToken> join_tokens() const;       // by id
  std::vector<AdminTokenRow> admin_tokens() const;  // by id
  std::vector<Lineage> lineages() const;            // by id
  std::optional<Lineage> lineage_of(std::string_view serial) const;
  bool knows_identity(std::string_view identity) const { return identities_.find(identity) != identities_.end(); }
  // At most `max`, by key.
  struct Expired {
    std::vector<std::string> join_tokens;
    std::vector<std::string> lineages;
  };
  Expired expired(WallTime now, WallTime lineages, size_t max) const;

 private:
  template <class T>
  using Table = std::map<std::string, T, std::less<>>;
  void add(const std::string& key, Lineage);
  void remove_lineage(const std::string& key);
  std::optional<Error> damage_of(const std::string& key) const;
  Table<JoinToken> join_;
  Table<AdminTokenRow> admin_;
  Table<Lineage> lineages_;
  std::multimap<std::string, std::string, std::less<>> serials_;  // to the lineage's key; latest and previous
  Table<size_t> identities_;                                      // how many lineages
  Table<Error> damaged_;
};
}  // namespace heddle
