#include "lib/http/codec.h"

namespace heddle {
std::string_view to_text(ResetCode code) noexcept {
  switch (code) {
    case ResetCode::kNoError:
      return "no-error";
    case ResetCode::kCancel:
      return "cancel";
    case ResetCode::kRefused:
      return "refused";
    case ResetCode::kUnprocessed:
      return "unprocessed";
    case ResetCode::kProtocolError:
      return "protocol-error";
    case ResetCode::kInternalError:
      return "internal-error";
    case ResetCode::kFlowControlError:
      return "flow-control-error";
    case ResetCode::kEnhanceYourCalm:
      return "enhance-your-calm";
    case ResetCode::kHeadTooLarge:
      return "head-too-large";
    case ResetCode::kTooManyInformational:
      return "too-many-informational";
    case ResetCode::kConnectError:
      return "connect-error";
  }
  return "unknown";
}
}  // namespace heddle
