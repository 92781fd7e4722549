// Interception: the accepting side of one intercepting listener on one worker: refuses who was not redirected (loop
// guard), and chooses by the original destination how the connection is looked at: by the protocol of the service's
// port, as opaque bytes where it leaves the mesh, else by its first bytes. What was learned of silent clients is kept
// per destination, for at most kMaxLearned of them; of others nothing is. Belongs to a worker's loop, outlives
// connections.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/app/redirect.h"
#include "proxy/app/settings.h"
#include "proxy/app/worker_config.h"
#include "proxy/exchange/incoming_connection.h"

namespace heddle {
class Interception {
 public:
  static constexpr size_t kMaxLearned = 1000;
  using MakeDetector = std::function<std::unique_ptr<Detector>(const Address&, DestinationMemory&)>;
  // `base` is what every connection of the listener has; all but its protocol and detector is taken from it.
  Interception(const ListenerSettings&, std::vector<Address> own, const WorkerConfig&, const IncomingSpec& base,
               MakeDetector);
  void accept(std::unique_ptr<Transport>);
  void set_drain(Duration);

 private:
  struct Learned {
    explicit Learned(const IncomingSpec& base) : spec(base) {}
    DestinationMemory memory;
    std::unique_ptr<Detector> detector;
    IncomingSpec spec;
  };
  const IncomingSpec& spec_for(const Address&);
  PortProtocol protocol_of(const Address&) const;
  const IncomingSpec& learning_spec(const Address&);

  bool is_inbound_;
  std::vector<Address> own_;
  const WorkerConfig& config_;
  IncomingSpec base_;                                      // auto, nothing is learned
  std::array<std::unique_ptr<IncomingSpec>, 5> declared_;  // by PortProtocol; none of auto
  MakeDetector make_detector_;
  std::unordered_map<Address, std::unique_ptr<Learned>> learned_;
};
}  // namespace heddle
