#include "proxy/watch/address_round.h"

namespace heddle {
void AddressRound::move_on() noexcept {
  current_ = (current_ + 1) % addresses_;
  is_good_ = false;
}

Duration AddressRound::on_failed(MonoTime now) {
  if (is_good_) quick_left_ = quick_.take(now) ? addresses_ - 1 : 0;
  move_on();
  if (quick_left_ == 0) return backoff_.next();
  --quick_left_;
  return kQuickFrom +
         Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>((kQuickTo - kQuickFrom).count()))));
}

Duration AddressRound::on_sent_away(Duration wait) {
  quick_left_ = 0;
  move_on();
  return std::max(wait, backoff_.next());
}
}  // namespace heddle
