// AgeWarning: a ControlApi that tells people, once, when an answer is of a state that may be old: the control plane's
// store does not confirm that it is the newest (docs/replicas.md).
#pragma once
#include <ostream>

#include "cli/control_api.h"

namespace heddle {
class AgeWarning final : public ControlApi {
 public:
  AgeWarning(ControlApi& below, std::ostream& err) : below_(below), err_(err) {}
  Result<ApiReply> call(const ApiRequest&) override;

 private:
  ControlApi& below_;
  std::ostream& err_;
  bool has_warned_ = false;
};
}  // namespace heddle
