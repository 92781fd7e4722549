#include "proxy/exchange/detector.h"

#include <algorithm>
#include <utility>

namespace heddle {

Detector::Detector(Spec spec, DestinationMemory& memory, Registry& registry, Logger log)
    : spec_(std::move(spec)), memory_(memory), metrics_(registry, spec_.listener), log_(log) {}

Duration Detector::wait(Duration detect) const noexcept {
  return spec_.may_be_tcp && memory_.expects_silence() ? std::min(spec_.moment, detect) : detect;
}

void Detector::saw(Detection what) {
  memory_.saw(what);
  metrics_.detections[to_text(what)].add(1);
}

bool Detector::on_silence(bool was_expected) {
  if (was_expected) {
    saw(Detection::kServerFirst);
    return true;
  }
  metrics_.detections[to_text(Detection::kTimeout)].add(1);
  bool goes_on = memory_.saw_silence() && spec_.may_be_tcp;
  log_once("nothing", goes_on);
  return goes_on;
}

void Detector::on_half_said() {
  saw(Detection::kTimeout);
  log_once("the beginning of something", false);
}

void Detector::on_left(Duration waited) {
  if (waited < DestinationMemory::kGaveUpAfter) return;
  saw(Detection::kGaveUp);
  log_once("nothing, and left", false);
}

void Detector::log_once(std::string_view client_said, bool goes_on) {
  if (!memory_.take_turn_to_log()) return;
  log_.warn("a connection's protocol could not be detected in time: declare it",
            {{"listener", spec_.listener},
             {"destination", spec_.destination},
             {"client_said", client_said},
             {"served_as", goes_on ? "tcp" : "nothing: closed"},
             {"setting", spec_.setting}});
}
}  // namespace heddle
