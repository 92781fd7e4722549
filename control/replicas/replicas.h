// Replicas: this control plane among the others of the mesh: tells them of its sidecars (PeerFeed), and listens to each
// of them (PeerClient), so that the NodeRegistry has the sidecars of all. Who they are: ReplicaSource. One that has a
// record there and is not heard is "silent": waits name it. One whose record is gone and that is not heard is no more.
// Control loop; must outlive the calls of the HttpServer it serves on, and the connections of its registry.
#pragma once
#include <map>

#include "control/replicas/facts_feed.h"
#include "control/replicas/mesh_facts.h"
#include "control/replicas/peer_client.h"
#include "control/replicas/peer_feed.h"
#include "control/replicas/peer_reader.h"
#include "control/replicas/replica_source.h"
#include "control/watch/watch_hub.h"

namespace heddle {
// The peers that are listened to, as the set of others changes. Knows nothing of where records are kept.
class PeerGroup {
 public:
  static constexpr size_t kMaxPeers = 32;  // of more, the others are known and not heard until there is room
  PeerGroup(PeerContext, NodeRegistry&, WatchHub&, std::string own_name, Logger);
  ~PeerGroup();
  PeerGroup(const PeerGroup&) = delete;
  PeerGroup& operator=(const PeerGroup&) = delete;
  // These are all others. Who is not among them any more, and still heard, is listened to until that ends.
  void set(const std::vector<ReplicaRecord>& others);
  // Asks one of them for facts; answers at most once, maybe inside.
  void ask(const std::string& name, const FactsQuery&, MeshFacts::Answer);
  // Listens to nobody any more, whoever comes later; what was told stays.
  void stop();

 private:
  class Peer;
  void add(const std::string& place, const ReplicaRecord&);
  void listen();
  void warn_unless_heard(const std::string& place, const ReplicaRecord&) const;
  std::string name_for(const ReplicaRecord&) const;
  void on_lost() { context_.loop.defer(sweep_); }
  void on_told() { context_.loop.defer(tell_); }
  void sweep();
  void tell() { hub_.on_replicas_changed(); }
  PeerContext context_;
  NodeRegistry& registry_;
  WatchHub& hub_;
  std::string own_name_;
  Logger log_;
  std::map<std::string, std::unique_ptr<Peer>> peers_;  // by address
  bool is_stopped_ = false;
  DeferredOf<PeerGroup, &PeerGroup::sweep> sweep_{*this};
  DeferredOf<PeerGroup, &PeerGroup::tell> tell_{*this};
};

class Replicas {
 public:
  struct Parts {
    std::unique_ptr<ReplicaSource> source;
    Random& random;
    Loop& loop;
    Protocols& protocols;
    Connector& connector;
    ConnectionRegistry& connections;  // ours to others; aborted and empty before this is destroyed
    ReplicaRecord own;
    NodeRegistry& registry;
    WatchHub& hub;
    std::function<std::shared_ptr<const TlsContext>()> client_context;
    SpiffeId self;  // the control plane's
    Logger log;
    std::function<PeerTrust()> trust;  // what we use ourselves
  };
  explicit Replicas(Parts);
  // On the watch endpoint's.
  void serve_on(HttpServer& server) {
    feed_.serve_on(server);
    facts_feed_.serve_on(server);
  }
  // What the sidecars of all of them remember. Who may ask is for the caller to decide.
  [[nodiscard]] Pending fetch_facts(FactsQuery query, FactsFetcher::Done done) {
    return facts_.fetch(std::move(query), std::move(done));
  }
  const ReplicaRecord& own() const noexcept { return own_; }
  const ReplicaSource& source() const noexcept { return *source_; }
  // This replica leaves: its record goes, and nobody is told anything any more. `done` runs once, maybe inside: the
  // record is gone, or nobody answered. Of several calls only the last one's does.
  void drain(Task done);

 private:
  ReplicaRecord own_;
  std::unique_ptr<ReplicaSource> source_;
  PeerFeed feed_;
  FactsFeed facts_feed_;
  PeerGroup group_;
  MeshFacts facts_;
  Pending resigning_;
};
}  // namespace heddle
