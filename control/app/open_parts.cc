#include "control/app/open_parts.h"

#include <sys/stat.h>

#include <algorithm>

#include "control/app/etcd_backend.h"
#include "control/app/kube_backend.h"
#include "control/app/kube_replica_set.h"
#include "control/app/start_tries.h"
#include "control/app/store_marker.h"
#include "control/ca/file_ca_store.h"
#include "control/ca/ledger_ca_store.h"
#include "control/replicas/etcd_replica_set.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// A mesh that seems to be gone would be made anew, with another CA.
Result<void> check_no_database(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return make_error(Reason::kConfigInvalid,
                    str_cat(path,
                            ": this data directory belongs to a control plane with --store sqlite; with a "
                            "store that is shared start in another one"));
}

std::unique_ptr<CaStore> ca_store(const CaSeed& seed, const KeyForm& form) {
  const ControlOptions& options = seed.options;
  const TrustDomain& domain = *options.trust_domain;
  if (options.store.kind == StoreKind::kSqlite) {
    return std::make_unique<FileCaStore>(options.data, domain, form.copy(), options.ca_root_ttl);
  }
  return std::make_unique<LedgerCaStore>(seed.backend.ledger(), options.data, domain, form.copy(), options.ca_root_ttl);
}
// Once; the first of all control planes makes the root, which the store has to confirm.
Result<std::unique_ptr<CaRotator>> open_rotator(const CaSeed& seed, const KeyForm& form) {
  const ControlOptions& options = seed.options;
  CaRotator::Parts parts{ca_store(seed, form), seed.loop, seed.audit, seed.log};
  if (options.ca_files.all()) {
    const TrustDomain& domain = *options.trust_domain;
    HEDDLE_TRY(GivenCa given, load_given_ca(options.ca_files, domain, form, names_of(options), seed.loop.wall()));
    parts.given.emplace(std::move(given));
  }
  return wait_for<std::unique_ptr<CaRotator>>(
      seed.loop, [&parts](CaRotator::Opened done) { return CaRotator::open(std::move(parts), std::move(done)); });
}
}  // namespace

ExtraNames names_of(const ControlOptions& options) {
  ExtraNames names{{"localhost"}, {"127.0.0.1"}};
  auto add = [](std::vector<std::string>& list, std::string name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
  };
  for (const Address& address : {options.watch, options.api}) {
    if (address.ip() != "0.0.0.0" && address.ip() != "::") add(names.ips, address.ip());
  }
  if (const auto& address = options.store.replica_address) add(names.ips, address->ip());
  for (const std::string& name : options.advertise) {
    add(Address::from_ip(name, 0) ? names.ips : names.dns, name);
  }
  return names;
}

Result<std::unique_ptr<StoreBackend>> open_store_backend(const StoreSeed& seed) {
  const StoreOptions& store = seed.options.store;
  std::string database = str_cat(seed.options.data, "/heddle.db");
  if (store.kind == StoreKind::kSqlite) {
    HEDDLE_CHECK_OK(check_not_etcd(seed.options.data));
    return SqliteBackend::open(database, store.replica);
  }
  HEDDLE_CHECK_OK(check_no_database(database));
  if (store.kind == StoreKind::kKubernetes) {
    HEDDLE_CHECK_OK(check_not_etcd(seed.options.data));
    return KubeBackend::open(
        {seed.loop, seed.random, seed.tcp, seed.options.source.kube, store.mesh, store.replica, seed.log});
  }
  for (const std::string& warning : store.warnings()) seed.log.warn(warning);
  HEDDLE_TRY(EtcdOptions etcd, store.with_password());
  HEDDLE_TRY(
      std::unique_ptr<StoreBackend> backend,
      EtcdBackend::open({seed.loop, seed.random, seed.tcp, std::move(etcd), store.prefix(), store.replica, seed.log}));
  HEDDLE_CHECK_OK(mark_as_etcd(seed.options.data, store.prefix()));
  return backend;
}

std::unique_ptr<ReplicaSource> open_replica_source(const StoreSeed& seed, StoreBackend& backend,
                                                   const ReplicaRecord& own) {
  const StoreOptions& store = seed.options.store;
  if (EtcdClient* etcd = backend.etcd()) {
    return std::make_unique<EtcdReplicaSet>(
        EtcdReplicaSet::Parts{*etcd, seed.random, seed.loop, store.prefix(), own, seed.log});
  }
  if (KubeBackend* kube = backend.kube()) {
    return std::make_unique<KubeReplicaSet>(
        KubeReplicaSet::Parts{kube->client(), kube->namespace_name(), store.mesh, own, seed.log});
  }
  return nullptr;
}

Result<OpenedCa> open_ca(const CaSeed& seed) {
  const ControlOptions& options = seed.options;
  OpenedCa out;
  if (const std::string& path = options.ca_passphrase_file; !path.empty()) {
    Result<KeyForm> sealed = KeyForm::from_file(path);
    if (!sealed) return std::move(sealed).error().within("--ca-passphrase-file");
    out.form = *std::move(sealed);
  }
  StartTries tries(seed.loop, seed.random, seed.log, EtcdBackend::kPatience);
  HEDDLE_TRY(out.rotator,
             tries.get<std::unique_ptr<CaRotator>>("the CA", [&seed, &out] { return open_rotator(seed, out.form); }));
  return out;
}

// What a newer version wrote before an upgrade back is kept and shown by the API.
void name_unreadable(const Store& store, Logger& log) {
  store.view().for_each([&log](const StoredResource::Ptr& resource) {
    if (resource->spec()) return;
    auto again = StoredResource::make_valid(resource->key(), resource->bytes(), resource->meta());
    log.error("this version cannot read a resource, no sidecar gets it; mend it and apply it again",
              {{"resource", resource->key_text()}, {"problem", again ? "" : again.error().detail}});
  });
}

// Whoever waits for a version from now on waits for the sidecars of all. Those who are there and not heard yet count as
// silent.
Result<void> wait_for_others(Loop& loop, const Replicas& replicas) {
  bool is_late = false;
  std::unique_ptr<Timer> deadline = loop.timer([&is_late] { is_late = true; });
  deadline->arm(EtcdBackend::kPatience);
  const ReplicaSource& source = replicas.source();
  loop.run_until([&] { return source.is_loaded() || is_late; });
  if (loop.was_stopped()) return stopped_while_starting();
  if (source.is_loaded()) return {};
  std::optional<Error> trouble = source.trouble();
  return make_error(Reason::kUnavailable,
                    str_cat(source.place(), " did not say within ", format_duration(EtcdBackend::kPatience),
                            " who the other control planes are", trouble ? str_cat(": ", trouble->detail) : ""));
}
}  // namespace heddle
