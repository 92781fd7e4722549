#include "control/app/etcd_backend.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string names_of(const EtcdOptions& options) {
  std::vector<std::string> out;
  for (const EtcdEndpoint& endpoint : options.endpoints) out.push_back(endpoint.text());
  return join(out, ", ");
}

EtcdJournal::Options journal_options(const std::string& prefix) {
  EtcdJournal::Options out;
  out.prefix = prefix;
  return out;
}

// All who are given back; silent once it is destroyed.
struct Resignation final : Operation {
  std::vector<Pending> calls;
  size_t waits_for = 0;
  Task done;
};

// That journal and ledger are the newest. Told at the end of the turn, when those who follow the documents of the
// ledger (the CA, a rollout) were told of them.
class Confirmation final : public Operation {
 public:
  Confirmation(Loop& loop, ReadIndex::Confirmed done) : loop_(loop), done_(std::move(done)) {}
  void start(EtcdJournal& journal, Ledger& ledger) {
    journal_ = journal.sync([this](Result<void> result) { on_part(std::move(result)); });
    ledger_ = ledger.sync([this](Result<void> result) { on_part(std::move(result)); });
  }

 private:
  void on_part(Result<void> result) {
    if (!result) result_ = std::move(result);
    if (--waits_for_ == 0) loop_.defer(tell_);
  }
  void tell() {
    ReadIndex::Confirmed done = std::move(done_);
    done(std::move(result_));
  }
  Loop& loop_;
  ReadIndex::Confirmed done_;
  Result<void> result_{};
  int waits_for_ = 2;
  Pending journal_;
  Pending ledger_;
  DeferredOf<Confirmation, &Confirmation::tell> tell_{*this};
};
}  // namespace

EtcdBackend::Connections::~Connections() {
  registry.abort_all(make_error(Reason::kDraining, "the control plane ends"));
  // A stop that came while it started ends one run.
  while (registry.size() != 0) loop.run_until([this] { return registry.size() == 0; });
}

EtcdBackend::EtcdBackend(Access, Parts parts)
    : parts_(std::move(parts)),
      protocols_(parts_.loop, HttpLimits{}),
      connections_(parts_.loop),
      client_({parts_.loop, connections_.registry}, protocols_, parts_.tcp, parts_.etcd),
      journal_(client_, parts_.random, parts_.log, journal_options(parts_.prefix)),
      ledger_(client_, parts_.random, parts_.log, parts_.prefix),
      reads_(
          parts_.loop, [this](ReadIndex::Confirmed done) { return confirm(std::move(done)); },
          [this] { return last_current(); }) {}

Pending EtcdBackend::confirm(ReadIndex::Confirmed done) {
  auto out = std::make_unique<Confirmation>(parts_.loop, std::move(done));
  out->start(journal_, ledger_);
  return out;
}

WallTime EtcdBackend::last_current() const { return std::min(journal_.health().since, ledger_.health().since); }

Result<std::unique_ptr<StoreBackend>> EtcdBackend::open(Parts parts) {
  auto out = std::make_unique<EtcdBackend>(Access(), std::move(parts));
  HEDDLE_CHECK_OK(out->load());
  out->take_part();
  return std::unique_ptr<StoreBackend>(std::move(out));
}

Result<void> EtcdBackend::load() {
  StartTries tries(parts_.loop, parts_.random, parts_.log, parts_.patience);
  HEDDLE_CHECK_OK(load_part(tries, "the store", [this](auto done) { return journal_.load(std::move(done)); }));
  return load_part(tries, "the ledger", [this](auto done) { return ledger_.load(std::move(done)); });
}

Result<void> EtcdBackend::load_part(StartTries& tries, std::string_view what, Load part) {
  Result<void> loaded = tries.get<void>(what, [this, &part] { return wait_for<void>(parts_.loop, part); });
  if (loaded || loaded.error().reason == Reason::kDraining) return loaded;
  if (loaded.error().reason != Reason::kUnavailable) return std::move(loaded).error().within("etcd");
  return make_error(Reason::kUnavailable, str_cat("etcd (", names_of(parts_.etcd), ") ", loaded.error().detail));
}

void EtcdBackend::take_part() {
  for (SoleTask task : kSoleTasks) {
    EtcdLease::Options options{str_cat(parts_.prefix, "leader/", to_text(task)), parts_.self};
    leaders_.push_back(std::make_unique<EtcdLeadership>(client_, parts_.random, std::move(options)));
  }
}

Pending EtcdBackend::resign(Task done) {
  auto out = std::make_unique<Resignation>();
  out->done = std::move(done);
  out->waits_for = leaders_.size();
  for (const auto& leader : leaders_) {
    out->calls.push_back(leader->resign([all = out.get()] {
      if (--all->waits_for == 0) all->done();
    }));
  }
  return out;
}
}  // namespace heddle
