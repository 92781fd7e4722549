// HandshakeGate: how many TLS handshakes a worker carries out at once, and how many steps of them (each up to half a
// millisecond of cryptography) in one turn, so that a storm of connections does not hold up the requests of others
// (reliability rules S5 and A14). Who must wait keeps its bytes unread in its transport, which the connection cap and
// the handshake's own deadline (10 s) bound; nobody is refused here. A client that sends nothing takes no place.
//
// One per worker; belongs to its loop and outlives its handshakes. Handshakes that have begun go first.
#pragma once
#include <memory>

#include "lib/base/clock.h"
#include "lib/base/intrusive_list.h"
#include "lib/base/work_limit.h"

namespace heddle {

class HandshakeGate {
 public:
  struct Limits {
    size_t in_flight = 256;
    size_t steps_per_turn = 8;
    double least_rate = 0;  // handshakes that may begin each second although every place is taken; 0: none
  };
  // For metrics.
  class Watcher {
   public:
    virtual void on_in_flight(size_t now) = 0;
    virtual void on_delayed() = 0;  // a handshake had to wait for its first step

   protected:
    ~Watcher() = default;
  };
  // One handshake: a member of its transport. Destroying it leaves the gate.
  class Handshake : private ListNode<Handshake> {
   public:
    bool is_waiting() const noexcept { return is_linked(); }
    void leave() noexcept;  // done, failed or given up; idempotent

   protected:
    Handshake() = default;
    ~Handshake() { leave(); }
    // After admit() was false, from the loop: its next admit() will be true.
    virtual void on_admitted() = 0;

   private:
    friend class HandshakeGate;
    friend class IntrusiveList<Handshake>;
    HandshakeGate* gate_ = nullptr;  // while it has a place
    bool is_granted_ = false;
  };

  HandshakeGate(Scheduler&, Limits, Watcher*);
  // Bytes came: may they be looked at now? If not, on_admitted() follows in a later turn.
  bool admit(Handshake&);
  size_t in_flight() const noexcept { return work_.under_way(); }
  // Those with bytes that nobody may look at yet, begun or not. Walks them: for a scrape.
  size_t waiting();

 private:
  using Queue = IntrusiveList<Handshake>;
  void begin_turn();
  void on_turn();
  bool has_room() const { return work_.has_room(scheduler_.now()); }
  void arm_for_more();
  Handshake* next();
  void take_step(Handshake&);
  void left() noexcept;
  void tell() noexcept;

  Scheduler& scheduler_;
  const Limits limits_;
  Watcher* const watcher_;
  std::unique_ptr<Timer> turn_timer_;
  bool is_armed_ = false;  // for the next turn
  MonoTime turn_;          // all of a turn has the same time
  size_t steps_ = 0;
  WorkLimit work_;
  Queue begun_;
  Queue fresh_;
};
}  // namespace heddle
