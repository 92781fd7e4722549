#include "control/kube/kube_lease.h"

#include <algorithm>
#include <utility>

#include "control/kube/kube_resource.h"
#include "lib/event/soon.h"

namespace heddle {
namespace {
const KubeResource& leases() {
  static const KubeResource resource{"coordination.k8s.io", "v1", "leases"};
  return resource;
}
}  // namespace

KubeLease::KubeLease(KubeClient& client, Random& random, KubeLeaseState::Options options)
    : client_(client), options_(std::move(options)), state_(random, options_) {
  timer_ = client_.loop().timer([this] { step(); });
  timer_->arm(Duration(0));
}

KubeLease::~KubeLease() = default;

// A renewal that comes late must not hold up the next one.
KubeRequest KubeLease::request(std::string method, std::string body) const {
  KubeRequest out;
  bool creates = method == "POST";
  out.method = std::move(method);
  out.path = leases().path(options_.namespace_name, creates ? "" : options_.name);
  out.body = std::move(body);
  out.attempt = out.whole = options_.renew / 2;
  return out;
}

void KubeLease::tell() {
  bool now_leads = leads();
  if (std::exchange(told_, now_leads) != now_leads && on_change_) on_change_();
}

// Tells what has changed, then does what is due; one request at a time.
void KubeLease::step() {
  tell();
  if (has_resigned_) return;
  MonoTime now = client_.loop().now();
  if (is_asking_) {  // its answer goes on; meanwhile leadership may end
    if (leads()) timer_->arm(std::max(state_.wake_at(now) - now, options_.retry / 4));
    return;
  }
  switch (state_.next(now)) {
    case KubeLeaseState::Step::kWait:
      return timer_->arm(state_.wake_at(now) - now);
    case KubeLeaseState::Step::kGet:
      return get();
    case KubeLeaseState::Step::kCreate:
      return write(true);
    case KubeLeaseState::Step::kUpdate:
      return write(false);
  }
}

void KubeLease::get() {
  is_asking_ = true;
  call_ = client_.call(request("GET", ""), [this](const KubeAnswer& answer) {
    state_.on_found(client_.loop().now(), answer);
    after_answer(answer);
  });
  timer_->arm(options_.retry / 4);
}

void KubeLease::write(bool creates) {
  is_asking_ = true;
  MonoTime sent = client_.loop().now();
  std::string body = state_.body(client_.loop().wall()).compact();
  call_ = client_.call(request(creates ? "POST" : "PUT", std::move(body)), [this, sent](const KubeAnswer& answer) {
    state_.on_written(sent, client_.loop().now(), answer);
    after_answer(answer);
  });
  timer_->arm(options_.retry / 4);
}

void KubeLease::after_answer(const KubeAnswer& answer) {
  is_asking_ = false;
  trouble_.reset();
  bool says_nothing = answer.is_ok() || answer.has_code(404) || answer.has_code(409);
  if (!says_nothing) trouble_ = answer.failure->to_error();
  timer_->arm(Duration(0));
}

Pending KubeLease::resign(Task done) {
  bool led = leads();
  has_resigned_ = true;
  call_.reset();
  KubeRequest release = request("PUT", state_.released_body(client_.loop().wall()).compact());
  state_.resign();
  timer_->arm(Duration(0));  // tells
  if (!led) return soon(client_.loop(), std::move(done));
  return client_.call(std::move(release), [done = std::move(done)](const KubeAnswer&) mutable { done(); });
}
}  // namespace heddle
