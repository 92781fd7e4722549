// ShortStay: ends connections that stay longer than they may, whatever they do meanwhile: a stranger who asks byte by
// byte or does not read the answer holds a place only so long. It looks every half of the time: who was there at the
// last look is aborted, so nobody who leaves within half of the time is touched and nobody stays longer than all of it.
// A connection that becomes another one (its protocol is known now) begins anew. Owns nothing; belongs to the loop of
// its registry, which outlives it.
#pragma once
#include "lib/base/deadline.h"
#include "lib/session/connection.h"

namespace heddle {
class ShortStay {
 public:
  ShortStay(Scheduler&, ConnectionRegistry&, Duration longest);

 private:
  void on_turn();
  Scheduler& scheduler_;
  ConnectionRegistry& registry_;
  const Duration every_;
  DeadlineOf<ShortStay, &ShortStay::on_turn> turn_{*this};
};
}  // namespace heddle
