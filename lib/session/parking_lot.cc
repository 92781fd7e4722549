#include "lib/session/parking_lot.h"

#include <sys/epoll.h>

#include "lib/base/memory.h"
#include "lib/net/socket.h"
#include "lib/net/tcp_transport.h"
#include "lib/session/server_session.h"

namespace heddle {

class ParkingLot::Parked final : public Connection {
 public:
  Parked(ParkingLot& lot, UniqueFd fd, const Session& session) : lot_(lot), fd_(std::move(fd)), session_(session) {
    lot_.parked_.add();
    lot_.registry_.add(*this);
  }
  ~Parked() override { lot_.parked_.sub(); }

  void start(Duration idle_left) { idle_over_.arm(lot_.loop_, idle_left); }
  int fd() const noexcept { return fd_.get(); }

  void drain() override {
    if (ServerSession* session = resume()) session->drain();
  }
  void abort(const Error&) override { leave(); }
  ConnectionInfo describe() const override {
    return {local_address(fd()), peer_address(fd()), {}, {}, {}, false, nullptr, false};
  }
  std::string_view protocol() const override { return "http/1.1"; }
  size_t active_streams() const override { return 0; }

  // The session joins the registry before this leaves it: the connection is never uncounted.
  ServerSession* resume() {
    if (!fd_) return nullptr;
    epoll_ctl(lot_.epoll_.get(), EPOLL_CTL_DEL, fd(), nullptr);
    ConnectionInfo about = describe();
    std::unique_ptr<Transport> transport = adopt_descriptor(lot_.loop_, std::move(fd_), about, Connected::kTold);
    ServerSession* session = nullptr;
    if (transport != nullptr) {
      SessionContext context{lot_.loop_, lot_.registry_, &lot_};
      session =
          &ServerSession::start(context, std::move(transport), session_.protocol, session_.handler, session_.limits);
    }
    leave();
    return session;
  }

 private:
  void on_idle_over() { drain(); }
  void leave() {
    fd_.reset();
    idle_over_.cancel();
    lot_.registry_.remove(*this);
    if (!is_retired()) lot_.loop_.retire(*this);
  }

  ParkingLot& lot_;
  UniqueFd fd_;
  const Session session_;
  DeadlineOf<Parked, &Parked::on_idle_over> idle_over_{*this};
};

std::unique_ptr<ParkingLot> ParkingLot::create(Loop& loop, ConnectionRegistry& registry, Gauge parked) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return nullptr;
  return std::unique_ptr<ParkingLot>(
      new ParkingLot(loop, registry, std::move(epoll), std::move(parked)));  // lint: new private constructor
}

ParkingLot::ParkingLot(Loop& loop, ConnectionRegistry& registry, UniqueFd epoll, Gauge parked)
    : loop_(loop), registry_(registry), epoll_(std::move(epoll)), parked_(std::move(parked)) {
  poll_ = make_uv<uv_poll_t>(this, [this](uv_poll_t* h) { return uv_poll_init(loop_.raw(), h, epoll_.get()); });
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (handle->data != nullptr) static_cast<ParkingLot*>(handle->data)->on_ready();
  });
}

void ParkingLot::park(UniqueFd fd, const Session& session, Duration idle_left) {
  // Owns itself from here on: it retires when the connection goes on or is gone.
  auto parked = std::make_unique<Parked>(*this, std::move(fd), session);
  Parked& self = *parked.release();
  if (!watch(self)) {
    self.resume();
    return;
  }
  self.start(idle_left);
  if (++untrimmed_ >= kTrimFrom && !trim_late_.is_armed()) trim_late_.arm(loop_, kTrimAfter);
}

bool ParkingLot::watch(Parked& parked) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.ptr = &parked;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, parked.fd(), &event) == 0;
}

// The sessions were allocated one after the other, so whole pages are free now; malloc keeps them unless it is asked.
void ParkingLot::trim() {
  untrimmed_ = 0;
  trimming_ = Offload(loop_).run(give_back_free_memory, [] {});
}

// Level-triggered: what does not fit into one wake is told again.
void ParkingLot::on_ready() {
  std::array<epoll_event, kEventsPerWake> events{};
  int count = epoll_wait(epoll_.get(), events.data(), kEventsPerWake, 0);
  for (int i = 0; i < count; ++i) {
    static_cast<Parked*>(events[static_cast<size_t>(i)].data.ptr)->resume();
  }
  loop_.turn_if_crowded();
}
}  // namespace heddle
