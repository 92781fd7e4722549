#include "control/store/etcd_ledger_plan.h"

#include "control/store/etcd_ledger_records.h"
#include "lib/base/strings.h"

namespace heddle {
Result<EtcdLedgerPlan::Changes> EtcdLedgerPlan::make(const LedgerChange& change) {
  changes_.clear();
  for (const LedgerOperation& operation : change) {
    HEDDLE_CHECK_OK(std::visit([this](const auto& one) { return apply(one); }, operation));
  }
  Changes out;
  for (auto& [key, value] : changes_) out.push_back({key, std::move(value)});
  return out;
}

const std::string* EtcdLedgerPlan::find(const std::string& key) const {
  auto changed = changes_.find(key);
  if (changed != changes_.end()) return changed->second ? &*changed->second : nullptr;
  auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second.value;
}

Result<void> EtcdLedgerPlan::add(const std::string& key, std::string value, std::string_view what) {
  if (find(key) != nullptr) return make_error(Reason::kConflict, str_cat(what, " exists already"));
  changes_[key] = std::move(value);
  return {};
}

Result<void> EtcdLedgerPlan::apply(const AddJoinToken& in) {
  constexpr std::string_view kWhat = "a join token of this id";
  HEDDLE_CHECK_OK(add(ledger_join_key(in.hash), encode(in.token), kWhat));
  return add(str_cat(kLedgerJoinId, in.token.id), to_hex(in.hash), kWhat);
}

// With the key that keeps its id.
Result<void> EtcdLedgerPlan::erase_join_token(const std::string& key) {
  const std::string* value = find(key);
  if (value == nullptr) return make_error(Reason::kNotFound, "no such join token, or it was used");
  HEDDLE_TRY(JoinToken token, decode_join_token(key, *value));
  changes_[key] = std::nullopt;
  changes_[str_cat(kLedgerJoinId, token.id)] = std::nullopt;
  return {};
}

Result<void> EtcdLedgerPlan::apply(const TakeJoinToken& in) { return erase_join_token(ledger_join_key(in.hash)); }

Result<void> EtcdLedgerPlan::apply(const AddAdminToken& in) {
  constexpr std::string_view kWhat = "an admin token of this id";
  HEDDLE_CHECK_OK(add(ledger_admin_key(in.hash), encode(in.row), kWhat));
  return add(str_cat(kLedgerAdminId, in.row.id), to_hex(in.hash), kWhat);
}

// Also one whose record cannot be read.
Result<void> EtcdLedgerPlan::apply(const RemoveAdminToken& in) {
  std::string id_key = str_cat(kLedgerAdminId, in.id);
  const std::string* hash = find(id_key);
  if (hash == nullptr) return make_error(Reason::kNotFound, str_cat("no admin token ", in_quotes(in.id)));
  changes_[str_cat(kLedgerAdmin, *hash)] = std::nullopt;
  changes_[id_key] = std::nullopt;
  return {};
}

Result<void> EtcdLedgerPlan::apply(const SaveLineage& in) {
  int64_t id = in.lineage.id == 0 ? new_lineage() : in.lineage.id;
  changes_[ledger_lineage_key(id)] = encode(in.lineage);
  return {};
}

// Random, so that control planes need not agree; that it is free is a condition of the change all the same.
int64_t EtcdLedgerPlan::new_lineage() {
  while (true) {
    auto id = static_cast<int64_t>(random_.next() >> 1);
    if (id != 0 && find(ledger_lineage_key(id)) == nullptr) return id;
  }
}

Result<void> EtcdLedgerPlan::apply(const ExpireRecords& in) {
  EtcdLedgerIndex::Expired expired = index_.expired(in.now, in.lineages, kMaxExpired);
  for (const std::string& key : expired.join_tokens) {
    // Another operation of this change may have taken it.
    if (find(key) != nullptr) HEDDLE_CHECK_OK(erase_join_token(key));
  }
  for (const std::string& key : expired.lineages) {
    if (!changes_.contains(key)) changes_[key] = std::nullopt;
  }
  return {};
}

Result<void> EtcdLedgerPlan::apply(const PutMeta& in) {
  std::string key = str_cat(kLedgerMeta, in.name);
  if (in.is_new) return add(key, in.value, in.name);
  changes_[key] = in.value;
  return {};
}
}  // namespace heddle
