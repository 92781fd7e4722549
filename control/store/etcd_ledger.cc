#include "control/store/etcd_ledger.h"

#include "control/store/etcd_ledger_records.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
EtcdMirror::Options below(EtcdMirror::Options options) {
  options.prefix += "ledger/";
  return options;
}
}  // namespace

EtcdLedger::EtcdLedger(EtcdClient& client, Random& random, Logger log, const std::string& prefix)
    : EtcdLedger(client, random, log, EtcdMirror::Options{prefix}) {}

EtcdLedger::EtcdLedger(EtcdClient& client, Random& random, Logger log, EtcdMirror::Options options)
    : random_(random), log_(log), mirror_(client, random, log, below(std::move(options))) {}

Pending EtcdLedger::load(Done done) {
  return mirror_.load([this, done = std::move(done)](Result<void> loaded) mutable {
    if (!loaded) return done(std::move(loaded));
    for (const auto& [key, record] : mirror_.records()) on_mirror_record(key, nullptr, &record.value);
    mirror_.follow(*this);
    done({});
  });
}

void EtcdLedger::on_mirror_record(const std::string& key, const std::string*, const std::string* now) {
  Result<void> read = index_.set(key, now);
  if (read) return;
  log_.limited(LogLevel::kError, {"etcd_ledger_damaged"},
               "a record of the ledger cannot be read; it counts for nothing",
               {{"key", key}, {"reason", read.error()}});
}

void EtcdLedger::on_mirror_changed(const std::string& key) {
  bool is_told = observer_ != nullptr && key.starts_with(kLedgerMeta);
  if (is_told) observer_->on_meta_changed(std::string_view(key).substr(kLedgerMeta.size()));
}

Result<std::optional<JoinToken>> EtcdLedger::find_join_token(const Sha256Digest& hash) {
  return index_.join_token(ledger_join_key(hash));
}

Result<std::optional<AdminTokenRow>> EtcdLedger::find_admin_token(const Sha256Digest& hash) {
  return index_.admin_token(ledger_admin_key(hash));
}

Result<std::optional<std::string>> EtcdLedger::meta(std::string_view name) {
  const EtcdMirror::Record* record = mirror_.find(str_cat(kLedgerMeta, name));
  return record == nullptr ? std::optional<std::string>() : std::optional<std::string>(record->value);
}

Pending EtcdLedger::commit(LedgerChange change, Done done) {
  Result<EtcdLedgerPlan::Changes> changes = EtcdLedgerPlan(mirror_.records(), index_, random_).make(change);
  if (!changes) {
    done(std::move(changes).error());
    return nullptr;
  }
  return mirror_.commit(*std::move(changes), std::move(done));
}
}  // namespace heddle
