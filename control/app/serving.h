// Serving: the addresses the control plane answers on: watch (sidecars and, where they share a store, other control
// planes), api, health and, if they are asked for, the webhook of a cluster and the bundle endpoint. Who answers there
// sets the routes before listen(). Control loop; before it is destroyed, abort() and run the loop until is_idle(kAll).
#pragma once
#include "control/app/endpoint.h"
#include "control/app/options.h"
#include "control/app/own_bundle_endpoint.h"
#include "control/app/own_identity.h"

namespace heddle {
class Serving {
 public:
  struct Parts {
    Loop& loop;
    Protocols& protocols;
    const ControlOptions& options;
    const OwnIdentity& identity;
    Duration drain;  // for what is in flight
    Logger log;
    Logger bundle_log;
  };
  // Errors of the files of the bundle endpoint's certificate.
  static Result<std::unique_ptr<Serving>> create(const Parts&);

  HttpServer& watch() noexcept { return watch_->http(); }
  HttpServer& api() noexcept { return api_->http(); }
  HttpServer& health() noexcept { return health_->http(); }
  ControlEndpoint& watch_endpoint() noexcept { return *watch_; }
  // Null: there is none.
  HttpServer* webhook() noexcept { return webhook_ == nullptr ? nullptr : &webhook_->http(); }
  // Null: nobody may fetch our bundle.
  OwnBundleEndpoint* bundle() noexcept { return bundle_.get(); }
  size_t sidecars() const noexcept { return watch_->connections(); }

  // Whom we believe; what the bundle endpoint answers.
  void use(const DomainRoots::Ptr&);
  // The error names flag and address.
  Result<void> listen();
  // With the real ports, after listen().
  const Address& watch_address() const { return watch_->address(); }
  const Address& api_address() const { return api_->address(); }
  const Address& health_address() const { return health_->address(); }

  // Health goes on to answer until the end: a probe shall see 503, not a refused connection.
  void drain();
  void abort();
  enum class Which : uint8_t { kAll, kServing };  // kServing: all but health
  bool is_idle(Which) const;
  // After each connection but those of health that ended.
  void set_on_ended(Task task) { on_ended_ = std::move(task); }

  class Access {
    friend class Serving;
    Access() = default;
  };
  Serving(Access, const Parts&);

 private:
  std::unique_ptr<ControlEndpoint> make(const Address&, ControlEndpoint::Contexts, size_t connections, size_t body,
                                        size_t of_source = SIZE_MAX);
  Result<void> open_bundle();
  Result<void> listen_on(std::string_view name, ControlEndpoint&);
  std::vector<ControlEndpoint*> serving() const;
  Parts parts_;
  std::unique_ptr<ControlEndpoint> watch_;
  std::unique_ptr<ControlEndpoint> api_;
  std::unique_ptr<ControlEndpoint> health_;
  std::unique_ptr<ControlEndpoint> webhook_;
  std::unique_ptr<OwnBundleEndpoint> bundle_;
  Task on_ended_;
};
}  // namespace heddle
