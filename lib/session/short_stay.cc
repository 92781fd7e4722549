#include "lib/session/short_stay.h"

#include <utility>

namespace heddle {
ShortStay::ShortStay(Scheduler& scheduler, ConnectionRegistry& registry, Duration longest)
    : scheduler_(scheduler), registry_(registry), every_(longest / 2) {
  turn_.arm(scheduler_, every_);
}

void ShortStay::on_turn() {
  turn_.arm(scheduler_, every_);
  Error why = make_error(Reason::kTimeout, "the connection stayed longer than it may");
  registry_.for_each([&](Connection& connection) {
    if (std::exchange(connection.is_noticed, true)) connection.abort(why);
  });
}
}  // namespace heddle
