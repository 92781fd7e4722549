#include "lib/net/named_connector.h"

#include "lib/base/strings.h"
#include "lib/net/address_tries.h"

namespace heddle {
class NamedConnector::Attempt final : public Operation {
 public:
  Attempt(NamedConnector& owner, Duration deadline, OnConnect done)
      : owner_(owner),
        until_(owner.loop_.now() + deadline),
        done_(std::move(done)),
        late_(owner.loop_.timer([this] { on_late(); })) {
    late_->arm(deadline);
    step_ = owner.names_.find(owner.target_.host(), owner.target_.port(),
                              [this](Result<std::vector<Address>> found) { on_found(std::move(found)); });
  }

 private:
  void on_found(Result<std::vector<Address>> found) {
    if (!found) return finish(std::move(found).error());
    tries_ = AddressTries(*std::move(found), owner_.first_++, until_);
    owner_.loop_.defer(next_);  // not inside the answer of what is replaced
  }
  void try_next() {
    if (!done_) return;
    step_.reset();
    AddressTries::Try next = tries_.next(owner_.loop_.now());
    step_ = owner_.below_.connect(next.address, next.share, [this](Result<std::unique_ptr<Transport>> made) {
      if (made || tries_.is_over()) return finish(std::move(made));
      owner_.loop_.defer(next_);
    });
  }
  void on_late() {
    step_.reset();
    finish(make_error(Reason::kUpstreamConnectTimeout, str_cat(owner_.target_.text(), ": no answer in time"),
                      Origin::kUpstream));
  }
  void finish(Result<std::unique_ptr<Transport>> made) {
    late_->cancel();
    auto done = std::move(done_);
    done(std::move(made));
  }

  NamedConnector& owner_;
  MonoTime until_;
  OnConnect done_;
  std::unique_ptr<Timer> late_;
  AddressTries tries_;
  Pending step_;
  DeferredOf<Attempt, &Attempt::try_next> next_{*this};
};

Pending NamedConnector::connect(const Address&, Duration deadline, OnConnect done) {
  if (!target_.is_name()) return below_.connect(target_.address(), deadline, std::move(done));
  return std::make_unique<Attempt>(*this, deadline, std::move(done));
}
}  // namespace heddle
