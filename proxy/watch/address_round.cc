#include "proxy/watch/address_round.h"

#include "certs/digest.h"
#include "lib/base/bytes.h"

namespace heddle {
size_t first_address(std::string_view node, size_t addresses) {
  if (addresses < 2) return 0;
  Sha256Digest digest = sha256(as_bytes(node));
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof number; ++i) number = number << 8 | std::to_integer<uint64_t>(digest[i]);
  return number % addresses;
}

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
