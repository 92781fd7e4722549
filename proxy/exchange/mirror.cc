#include "proxy/exchange/mirror.h"

#include <optional>
#include <utility>

#include "lib/base/assert.h"

namespace heddle {
namespace {
MirrorOutcome outcome_of_pick(Reason reason) {
  return reason == Reason::kNoHealthyEndpoint ? MirrorOutcome::kNoHealthy : MirrorOutcome::kRefused;
}
}  // namespace

Mirror::Mirror(MirrorSender& sender, const RouteTarget& source, BackendSet& backends, BackendSet::Pick pick,
               const RequestHead& head)
    : sender_(sender),
      pin_(source.pin),
      backends_(backends),
      pick_(std::move(pick)),
      head_(head.clone()),
      held_(sender.loop_.blocks()) {}

void Mirror::dispose() noexcept { sender_.pool_.destroy(*this); }

void Mirror::touch() { idle_.arm(sender_.loop_, sender_.times_.idle); }

// --- the exchange ---

void Mirror::open() {
  if (ClientSession* session = pick_->pool().try_acquire()) return open_on(*session);
  if (!pick_->pool().wait(up_)) return give_up(MirrorOutcome::kRefused);
  idle_.arm(sender_.loop_, pick_->pool().limits().pending_age);
}

void Mirror::write(const Buffer& bytes, bool end) {
  if (is_over_) return;
  bool waits = stream_ == nullptr || full_;
  if (waits && held_.size() + bytes.size() > kMaxHeld) return give_up(MirrorOutcome::kSlow);
  held_.append(bytes.share(0, bytes.size()));
  request_ended_ = end;
  send_held();
}

void Mirror::trailers(const HeaderMap& fields) {
  if (is_over_) return;
  trailers_.emplace(fields.clone());
  request_ended_ = true;
  send_held();
}

void Mirror::let_go() {
  is_attached_ = false;
  next_ = nullptr;
  if (is_over_) return retire_if_over();
  if (!request_ended_) return give_up(MirrorOutcome::kCancelled);
  afterwards_.arm(sender_.loop_, sender_.times_.afterwards);
}

// --- its upstream ---

void Mirror::open_on(ClientSession& session) {
  if (session.info().peer_certificate == nullptr) sender_.loop_guard_.mark(head_.fields());
  sent_whole_ = request_ended_ && held_.empty() && !trailers_;
  stream_ = &session.open(up_, head_, sent_whole_);
  sent_at_ = sender_.loop_.now();
  touch();
  send_held();
}

// Trailers end the stream, whether it is full or not: they are few.
void Mirror::send_held() {
  if (stream_ == nullptr || full_ || sent_whole_) return;
  bool end = request_ended_ && !trailers_;
  if (!held_.empty() || end) {
    Buffer bytes = std::move(held_);
    bytes_sent_ += bytes.size();
    sent_whole_ = end;
    full_ = stream_->write(std::move(bytes), end) == Flow::kFull;
    touch();
  }
  if (!trailers_) return;
  sent_whole_ = true;
  stream_->trailers(std::move(*trailers_));
}

void Mirror::on_drained() {
  full_ = false;
  touch();
  send_held();
}

void Mirror::on_response(const ResponseHead& head, bool end) {
  touch();
  status_ = head.status;
  MonoTime now = sender_.loop_.now();
  pick_->on_response(head, end, now - sent_at_, now);
  if (end) on_answered();
}

void Mirror::on_response_body(size_t bytes, bool end) {
  touch();
  bytes_received_ += bytes;
  if (end) return on_answered();
  stream_->credit(bytes);
}

// The rest of the request is of no use to who has answered.
void Mirror::on_answered() {
  ClientStream* stream = std::exchange(stream_, nullptr);
  if (!sent_whole_) stream->reset(ResetCode::kNoError);
  end_try(Reason::kNone);
  finish(MirrorOutcome::kAnswered);
}

void Mirror::on_gone(const Error& why) {
  stream_ = nullptr;
  end_try(why.reason);
  finish(MirrorOutcome::kFailed);
}

// --- ends ---

// As with requests: that nobody became free is the limit's fault, that nobody answered a connect is the endpoint's.
void Mirror::on_idle_over() {
  if (stream_ != nullptr) return give_up(MirrorOutcome::kTimeout);
  if (pick_->pool().lacks_connections()) return give_up(MirrorOutcome::kRefused);
  bool is_silent = pick_->pool().connections() == 0;
  give_up(MirrorOutcome::kFailed, is_silent ? Reason::kUpstreamConnectTimeout : Reason::kCancelled);
}

void Mirror::give_up(MirrorOutcome outcome, Reason of_endpoint) {
  up_.stop_waiting();
  end_try(of_endpoint);
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->reset(ResetCode::kCancel);
  finish(outcome);
}

void Mirror::end_try(Reason reason) {
  pick_->finish({reason, status_, bytes_sent_, bytes_received_});
  pick_.reset();
}

void Mirror::finish(MirrorOutcome outcome) {
  HEDDLE_ASSERT(!is_over_ && stream_ == nullptr);
  is_over_ = true;
  idle_.cancel();
  afterwards_.cancel();
  held_.clear();
  trailers_.reset();
  backends_.count_mirrored(outcome);
  retire_if_over();
}

void Mirror::retire_if_over() {
  if (is_attached_ || !is_over_) return;
  Live::unlink();
  sender_.loop_.retire(*this);
}

// --- the sender ---

// Who waits for a connection still: those that had one have heard of its end.
MirrorSender::~MirrorSender() {
  while (Mirror* mirror = live_.pop_front()) pool_.destroy(*mirror);
}

Mirror* MirrorSender::make(const RouteTarget& source, BackendSet& backends, const RequestHead& head) {
  // Another set may hash another key: without one it draws.
  std::optional<uint64_t> hash = &backends == source.backends ? source.hash : std::nullopt;
  auto picked = backends.pick({}, {BackendSet::Try::kFirst, BackendSet::Purpose::kRequest, nullptr, hash});
  if (!picked) {
    backends.count_mirrored(outcome_of_pick(picked.error().reason));
    return nullptr;
  }
  Mirror& made = pool_.create(*this, source, backends, *std::move(picked), head);
  live_.push_back(made);
  return &made;
}

// --- the tap ---

void MirrorTap::start(MirrorSender& sender, const RouteTarget& source, const RequestHead& head) {
  const Mirrors& mirrors = source.filters.filters->mirrors();
  for (size_t i = mirrors.size(); i-- > 0;) {
    if (!mirrors.hits(i, source.filters.draw)) continue;
    Mirror* made = sender.make(source, *source.backend_sets[mirrors.set(i).value()], head);
    if (made == nullptr) continue;
    made->next_ = first_;
    first_ = made;
  }
}

void MirrorTap::open() {
  for (Mirror* mirror = first_; mirror != nullptr; mirror = mirror->next_) {
    if (!mirror->is_over_) mirror->open();
  }
}

void MirrorTap::write(const Buffer& bytes, bool end) {
  for (Mirror* mirror = first_; mirror != nullptr; mirror = mirror->next_) mirror->write(bytes, end);
}

void MirrorTap::trailers(const HeaderMap& fields) {
  for (Mirror* mirror = first_; mirror != nullptr; mirror = mirror->next_) mirror->trailers(fields);
}

void MirrorTap::let_go() {
  for (Mirror* mirror = std::exchange(first_, nullptr); mirror != nullptr;) {
    Mirror* next = mirror->next_;
    mirror->let_go();
    mirror = next;
  }
}
}  // namespace heddle
