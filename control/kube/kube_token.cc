#include "control/kube/kube_token.h"

#include <algorithm>

#include "control/kube/kube_limits.h"

namespace heddle {
Result<std::string> KubeToken::get() {
  MonoTime now = clock_.now();
  if (held_ && read_at_ && now - *read_at_ < kKubeTokenPeriod) return *held_;
  Result<std::string> fresh = read();
  if (!fresh && !held_) return std::move(fresh).error();
  if (fresh) held_ = *std::move(fresh);
  read_at_ = now;
  return *held_;
}

Result<std::string> KubeToken::read() {
  HEDDLE_TRY(std::string text, read_());
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  if (text.size() > kMaxKubeToken) return make_error(Reason::kTooLarge, "the token has more than 64 KiB");
  bool is_visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_visible) return make_error(Reason::kConfigInvalid, "the token has a character that no token has");
  return text;
}
}  // namespace heddle
