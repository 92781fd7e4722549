#include "control/app/kube_backend.h"

#include <cstdlib>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

// holderIdentity: "<name>_<process>_<address>"
std::string identity_of(const std::string& name, const Address& own, Random& random) {
  uint64_t process = random.next();
  return str_cat(name, "_", to_hex(std::as_bytes(std::span(&process, 1))), "_", own.text());
}
std::string_view name_in(std::string_view identity) { return identity.substr(0, identity.find('_')); }
}  // namespace

KubeBackend::Connections::~Connections() {
  registry.abort_all(make_error(Reason::kDraining, "the control plane ends"));
  // A stop that came while it started ends one run.
  while (registry.size() != 0) loop.run_until([this] { return registry.size() == 0; });
}

KubeBackend::KubeBackend(Access, Parts parts, KubeConfig config)
    : parts_(std::move(parts)),
      namespace_(config.namespace_name),
      protocols_(parts_.loop, HttpLimits{}),
      connections_(parts_.loop),
      client_({parts_.loop, connections_.registry}, protocols_, parts_.tcp, parts_.random, std::move(config)),
      ledger_(client_, parts_.random, parts_.log, {namespace_, str_cat("heddle-", parts_.mesh, "-ledger")}),
      journal_([this] { return writes_ && leads(); }) {
  for (TaskLeadership& task : tasks_) task.backend = this;
}

Result<std::unique_ptr<StoreBackend>> KubeBackend::open(Parts parts) {
  HEDDLE_TRY(KubeConfig config, load_kube_config(parts.location, environment));
  auto out = std::make_unique<KubeBackend>(Access(), std::move(parts), std::move(config));
  HEDDLE_CHECK_OK(out->load());
  return std::unique_ptr<StoreBackend>(std::move(out));
}

Result<void> KubeBackend::load() {
  StartTries tries(parts_.loop, parts_.random, parts_.log, kPatience);
  Result<void> loaded = tries.get<void>("the ledger", [this] {
    return wait_for<void>(parts_.loop, [this](auto done) { return ledger_.load(std::move(done)); });
  });
  if (loaded || loaded.error().reason == Reason::kDraining) return loaded;
  return std::move(loaded).error().within("the API server");
}

void KubeBackend::join(const Address& own, Task on_change) {
  on_change_ = std::move(on_change);
  KubeLeaseState::Options options;
  options.namespace_name = namespace_;
  options.name = str_cat("heddle-", parts_.mesh);
  options.self = identity_ = identity_of(parts_.self, own, parts_.random);
  lease_ = std::make_unique<KubeLease>(client_, parts_.random, std::move(options));
  lease_->set_on_change([this] {
    parts_.log.info(leads() ? "this control plane leads" : "this control plane leads no more", {});
    on_change_();
    for (TaskLeadership& task : tasks_) task.tell();
  });
}

std::string KubeBackend::leader(SoleTask) const {
  return lease_ == nullptr ? std::string() : std::string(name_in(lease_->leader()));
}

std::optional<Address> KubeBackend::leader_address() const {
  if (lease_ == nullptr || leads()) return std::nullopt;
  const std::string& holder = lease_->leader();
  if (holder == identity_) return std::nullopt;  // it is ours, but we may not lead by it any more
  Result<Address> address = Address::parse(holder.substr(holder.rfind('_') + 1));
  return address && address->is_ip() && address->port() != 0 ? std::optional<Address>(*address) : std::nullopt;
}

std::optional<JournalHealth> KubeBackend::health() const {
  JournalHealth ledger = ledger_.health();
  if (writes_ && leads()) return ledger;
  bool is_heard = heard_at_ && parts_.loop.now() < heard_at_->at + kHeard;
  JournalHealth copy{is_heard, heard_at_ ? heard_at_->wall : WallTime{},
                     is_heard ? "" : "the control plane that leads is not heard"};
  return worse_of(copy, ledger);
}

Pending KubeBackend::resign(Task done) {
  writes_ = false;
  if (lease_ != nullptr) return lease_->resign(std::move(done));
  done();
  return nullptr;
}
}  // namespace heddle
