#include "control/store/etcd_ledger_index.h"

#include <algorithm>

#include "control/store/etcd_ledger_records.h"

namespace heddle {
namespace {
template <class T>
std::vector<T> values_by_id(const std::map<std::string, T, std::less<>>& table) {
  std::vector<T> out;
  for (const auto& [key, value] : table) out.push_back(value);
  std::sort(out.begin(), out.end(), [](const T& a, const T& b) { return a.id < b.id; });
  return out;
}

template <class T>
std::optional<T> find_in(const std::map<std::string, T, std::less<>>& table, const std::string& key) {
  auto found = table.find(key);
  return found == table.end() ? std::optional<T>() : std::optional<T>(found->second);
}
}  // namespace

Result<void> EtcdLedgerIndex::set(const std::string& key, const std::string* value) {
  join_.erase(key);
  admin_.erase(key);
  remove_lineage(key);
  damaged_.erase(key);
  if (value == nullptr) return {};
  std::optional<Error> damage;
  auto read = [&](auto decoded, auto&& keep) {
    if (!decoded) damage = std::move(decoded).error();
    if (!damage) keep(*std::move(decoded));
  };
  if (key.starts_with(kLedgerJoin)) {
    read(decode_join_token(key, *value), [&](JoinToken token) { join_.emplace(key, std::move(token)); });
  } else if (key.starts_with(kLedgerAdmin)) {
    read(decode_admin_token(key, *value), [&](AdminTokenRow row) { admin_.emplace(key, std::move(row)); });
  } else if (key.starts_with(kLedgerLineage)) {
    read(decode_lineage(key, *value), [&](Lineage lineage) { add(key, std::move(lineage)); });
  }
  if (!damage) return {};
  damaged_.emplace(key, *damage);
  return *std::move(damage);
}

void EtcdLedgerIndex::add(const std::string& key, Lineage lineage) {
  for (const std::string& serial : {lineage.latest, lineage.previous}) {
    if (!serial.empty()) serials_.emplace(serial, key);
  }
  ++identities_[lineage.identity];
  lineages_.emplace(key, std::move(lineage));
}

void EtcdLedgerIndex::remove_lineage(const std::string& key) {
  auto found = lineages_.find(key);
  if (found == lineages_.end()) return;
  const Lineage& lineage = found->second;
  for (const std::string& serial : {lineage.latest, lineage.previous}) {
    auto [first, last] = serials_.equal_range(serial);
    auto at = std::find_if(first, last, [&key](const auto& entry) { return entry.second == key; });
    if (at != last) serials_.erase(at);
  }
  auto identity = identities_.find(lineage.identity);
  if (--identity->second == 0) identities_.erase(identity);
  lineages_.erase(found);
}

std::optional<Error> EtcdLedgerIndex::damage_of(const std::string& key) const { return find_in(damaged_, key); }

Result<std::optional<JoinToken>> EtcdLedgerIndex::join_token(const std::string& key) const {
  if (std::optional<Error> damage = damage_of(key)) return *std::move(damage);
  return find_in(join_, key);
}

Result<std::optional<AdminTokenRow>> EtcdLedgerIndex::admin_token(const std::string& key) const {
  if (std::optional<Error> damage = damage_of(key)) return *std::move(damage);
  return find_in(admin_, key);
}

std::vector<JoinToken> EtcdLedgerIndex::join_tokens() const { return values_by_id(join_); }
std::vector<AdminTokenRow> EtcdLedgerIndex::admin_tokens() const { return values_by_id(admin_); }
std::vector<Lineage> EtcdLedgerIndex::lineages() const { return values_by_id(lineages_); }

std::optional<Lineage> EtcdLedgerIndex::lineage_of(std::string_view serial) const {
  auto found = serials_.find(serial);
  if (serial.empty() || found == serials_.end()) return std::nullopt;
  return find_in(lineages_, found->second);
}

EtcdLedgerIndex::Expired EtcdLedgerIndex::expired(WallTime now, WallTime lineages, size_t max) const {
  Expired out;
  auto has_room = [&] { return out.join_tokens.size() + out.lineages.size() < max; };
  for (const auto& [key, token] : join_) {
    if (has_room() && token.expires <= now) out.join_tokens.push_back(key);
  }
  for (const auto& [key, lineage] : lineages_) {
    if (has_room() && lineage.not_after <= lineages) out.lineages.push_back(key);
  }
  return out;
}
}  // namespace heddle
