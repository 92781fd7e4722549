// Interception: the accepting side of one intercepting listener on one worker: refuses who was not redirected (loop
// guard), and chooses by the original destination how the connection is looked at: by the protocol of the service's
// port, as opaque bytes where it leaves the mesh, else by its first bytes. What was learned of silent clients is kept
// per destination, for at most kMaxLearned of them; of others nothing is. Outbound, where the control plane can be
// asked, a connection to what is not held waits until it has told whose that is, or that it is of nobody in the mesh:
// at most kMaxWaiting of them; nothing is read of it meanwhile. Belongs to a worker's loop, outlives connections.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/app/redirect.h"
#include "proxy/app/settings.h"
#include "proxy/app/worker_config.h"
#include "proxy/app/worker_wants.h"
#include "proxy/exchange/incoming_connection.h"

namespace heddle {
class Interception {
 public:
  static constexpr size_t kMaxLearned = 1000;
  static constexpr size_t kMaxWaiting = 128;
  using MakeDetector = std::function<std::unique_ptr<Detector>(const Address&, DestinationMemory&)>;
  // `base` is what every connection of the listener has; all but its protocol and detector is taken from it.
  Interception(const ListenerSettings&, std::vector<Address> own, const WorkerConfig&, const IncomingSpec& base,
               MakeDetector, WorkerWants*);
  ~Interception();
  void accept(std::unique_ptr<Transport>);
  void set_drain(Duration);

 private:
  struct Learned {
    explicit Learned(const IncomingSpec& base) : spec(base) {}
    DestinationMemory memory;
    std::unique_ptr<Detector> detector;
    IncomingSpec spec;
  };
  struct Waiting;
  const Destination* find(const Address&) const;
  void accept(const Address& to, const Destination*, std::unique_ptr<Transport>);
  void refuse(std::unique_ptr<Transport>, const Error&);
  void wait(const Address& to, std::unique_ptr<Transport>);
  void on_told(Waiting&, const Result<void>&);
  PortProtocol protocol_of(const Destination*) const;
  const IncomingSpec& learning_spec(const Address&);

  bool is_opaque(uint16_t port) const noexcept;
  bool is_inbound_;
  std::vector<std::pair<uint16_t, uint16_t>> opaque_;
  std::vector<Address> own_;
  const WorkerConfig& config_;
  IncomingSpec base_;                                      // auto, nothing is learned
  std::array<std::unique_ptr<IncomingSpec>, 5> declared_;  // by PortProtocol; none of auto
  MakeDetector make_detector_;
  std::unordered_map<Address, std::unique_ptr<Learned>> learned_;
  WorkerWants* wants_;  // null: nobody is asked
  std::unordered_map<Waiting*, std::unique_ptr<Waiting>> waiting_;
};
}  // namespace heddle
