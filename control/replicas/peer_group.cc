#include <algorithm>

#include "control/replicas/replicas.h"
#include "lib/base/strings.h"

namespace heddle {
class PeerGroup::Peer final : private PeerClient::Observer {
 public:
  Peer(PeerGroup& group, const ReplicaRecord& record, std::string name)
      : group_(group),
        reader_(group.registry_, std::move(name), group.context_.loop.wall()),
        given_name_(record.name),
        address_(record.address) {}
  const std::string& given_name() const noexcept { return given_name_; }
  bool is_listening() const noexcept { return client_ != nullptr; }
  bool can_be_reached() const noexcept { return address_.is_set(); }
  void listen() {
    client_ = std::make_unique<PeerClient>(group_.context_, address_, static_cast<PeerClient::Observer&>(*this));
  }
  const std::string& name() const noexcept { return reader_.name(); }
  void set_leaving(bool is_leaving) { is_leaving_ = is_leaving; }
  bool is_over() const { return is_leaving_ && !reader_.is_heard(); }
  void stop() { client_.reset(); }
  void ask(const FactsQuery& query, MeshFacts::Answer done) {
    if (client_ == nullptr) return done(make_error(Reason::kNotFound, "it is not listened to"));
    // It answers at its timeout, so this leaves it time for the way.
    client_->call(std::string(kPeerFactsPath), encode_facts_query(query), query.timeout * 6 / 5,
                  [done = std::move(done)](const Result<RpcResponse>& response) mutable {
                    if (!response) return done(response.error());
                    if (response->status == 200) return done(decode_facts_result(response->body));
                    done(make_error(Reason::kUnsupported, str_cat("status ", std::to_string(response->status))));
                  });
  }

 private:
  void on_peer_open() override { reader_.begin(); }
  Result<void> on_peer_message(const PeerMessage& message) override {
    bool was_heard = reader_.is_heard();
    Result<void> taken = reader_.on(message, group_.context_.loop.wall());
    if (!was_heard && reader_.is_heard()) group_.log_.info("hears another control plane", {{"name", name()}});
    group_.on_told();
    return taken;
  }
  void on_peer_lost(const Error& why) override {
    group_.log_.limited(LogLevel::kWarn, {"peer-lost", 2}, "another control plane is not heard",
                        {{"name", name()}, {"why", why}});
    reader_.end(group_.context_.loop.wall());
    group_.on_lost();
    group_.on_told();
  }
  PeerGroup& group_;
  PeerReader reader_;
  std::string given_name_;  // by its record; name() may be longer
  Address address_;         // may not be set
  bool is_leaving_ = false;
  std::unique_ptr<PeerClient> client_;
};

PeerGroup::PeerGroup(PeerContext context, NodeRegistry& registry, WatchHub& hub, std::string own_name, Logger log)
    : context_(std::move(context)), registry_(registry), hub_(hub), own_name_(std::move(own_name)), log_(log) {}

PeerGroup::~PeerGroup() = default;

// A connection that begins after the end would keep the process from ending.
void PeerGroup::set(const std::vector<ReplicaRecord>& others) {
  if (is_stopped_) return;
  for (auto& [place, peer] : peers_) peer->set_leaving(true);
  std::map<std::string, const ReplicaRecord*> added;
  for (const ReplicaRecord& record : others) {
    std::string place = record.address.is_set() ? record.address.text() : record.id;
    auto found = peers_.find(place);
    // Another one came to its address, so it is not there any more.
    bool is_another = found != peers_.end() && found->second->given_name() != record.name;
    if (is_another) {
      registry_.on_replica_gone(found->second->name(), context_.loop.wall());
      peers_.erase(found);
      found = peers_.end();
      on_told();
    }
    if (found == peers_.end()) {
      added[place] = &record;
    } else {
      found->second->set_leaving(false);
    }
  }
  sweep();  // first: one that started anew elsewhere has the same name
  for (const auto& [place, record] : added) add(place, *record);
  listen();
  for (const auto& [place, record] : added) warn_unless_heard(place, *record);
}

void PeerGroup::add(const std::string& place, const ReplicaRecord& record) {
  peers_[place] = std::make_unique<Peer>(*this, record, name_for(record));
}

// Those that there was no room for, too.
void PeerGroup::listen() {
  if (is_stopped_) return;
  auto listens = [](const auto& entry) { return entry.second->is_listening(); };
  auto count = static_cast<size_t>(std::count_if(peers_.begin(), peers_.end(), listens));
  for (auto& [place, peer] : peers_) {
    if (count == kMaxPeers) return;
    if (peer->is_listening() || !peer->can_be_reached()) continue;
    peer->listen();
    ++count;
  }
}

void PeerGroup::warn_unless_heard(const std::string& place, const ReplicaRecord& record) const {
  if (peers_.at(place)->is_listening()) return;
  log_.error(
      "a control plane is not listened to: too many, its record cannot be read, or it has the address of another one "
      "(see --replica-address)",
      {{"name", record.name}});
}

// Two that were given one name are told apart by their addresses.
std::string PeerGroup::name_for(const ReplicaRecord& record) const {
  bool is_taken = record.name == own_name_;
  for (const auto& [place, peer] : peers_) is_taken = is_taken || peer->name() == record.name;
  return is_taken ? str_cat(record.name, " (", record.address.text(), ")") : record.name;
}

void PeerGroup::sweep() {
  bool has_left = false;
  std::erase_if(peers_, [&](const auto& entry) {
    if (!entry.second->is_over()) return false;
    log_.info("a control plane is no more", {{"name", entry.second->name()}});
    registry_.on_replica_gone(entry.second->name(), context_.loop.wall());
    has_left = true;
    return true;
  });
  if (!has_left) return;
  listen();
  on_told();
}

void PeerGroup::ask(const std::string& name, const FactsQuery& query, MeshFacts::Answer done) {
  auto has_name = [&name](const auto& entry) { return entry.second->name() == name; };
  auto found = std::find_if(peers_.begin(), peers_.end(), has_name);
  if (found == peers_.end()) return done(make_error(Reason::kNotFound, "it is not known any more"));
  found->second->ask(query, std::move(done));
}

void PeerGroup::stop() {
  is_stopped_ = true;
  for (auto& [place, peer] : peers_) peer->stop();
}
}  // namespace heddle
