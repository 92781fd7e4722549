#include "lib/net/named_connector.h"

#include <algorithm>

#include "lib/base/strings.h"

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
    addresses_ = *std::move(found);
    std::rotate(addresses_.begin(), addresses_.begin() + static_cast<ptrdiff_t>(owner_.first_++ % addresses_.size()),
                addresses_.end());
    owner_.loop_.defer(next_);  // not inside the answer of what is replaced
  }
  // What is left of the time is shared by those that are left.
  void try_next() {
    if (!done_) return;
    step_.reset();
    auto left = static_cast<int64_t>(addresses_.size() - at_);
    Duration share = std::max<Duration>((until_ - owner_.loop_.now()) / left, Duration(1));
    step_ = owner_.below_.connect(addresses_[at_++], share, [this](Result<std::unique_ptr<Transport>> made) {
      if (made || at_ == addresses_.size()) return finish(std::move(made));
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
  std::vector<Address> addresses_;
  size_t at_ = 0;
  Pending step_;
  DeferredOf<Attempt, &Attempt::try_next> next_{*this};
};

Pending NamedConnector::connect(const Address&, Duration deadline, OnConnect done) {
  if (!target_.is_name()) return below_.connect(target_.address(), deadline, std::move(done));
  return std::make_unique<Attempt>(*this, deadline, std::move(done));
}
}  // namespace heddle
