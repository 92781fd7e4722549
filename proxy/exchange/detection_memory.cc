#include "proxy/exchange/detection_memory.h"

namespace heddle {

std::string_view to_text(Detection what) noexcept {
  constexpr std::string_view kNames[] = {"http1", "http2", "tcp", "timeout", "gave-up", "server-first"};
  return what < Detection::kCount ? kNames[static_cast<size_t>(what)] : "";
}

std::string_view to_text(DestinationMemory::Known known) noexcept {
  constexpr std::string_view kNames[] = {"nothing", "http", "tcp", "server-first"};
  return kNames[static_cast<size_t>(known)];
}

// A client that speaks something else than HTTP proves nothing about those that wait; it only ends what HTTP had said.
void DestinationMemory::saw(Detection what) noexcept {
  counts_[static_cast<size_t>(what)].fetch_add(1, kRelaxed);
  if (what == Detection::kTcp) voice_.store(Voice::kTcp, kRelaxed);
  if (what == Detection::kGaveUp) add_silent();
  if (what != Detection::kHttp1 && what != Detection::kHttp2) return;
  voice_.store(Voice::kHttp, kRelaxed);
  silent_.store(0, kRelaxed);
}

bool DestinationMemory::saw_silence() noexcept {
  saw(Detection::kTimeout);
  add_silent();
  return voice_.load(kRelaxed) != Voice::kHttp || expects_silence();
}

// Stops at what is needed at most, so that it never turns over.
void DestinationMemory::add_silent() noexcept {
  if (silent_.load(kRelaxed) < kSilentAfterHttp) silent_.fetch_add(1, kRelaxed);
}

DestinationMemory::Known DestinationMemory::known() const noexcept {
  if (expects_silence()) return Known::kServerFirst;
  Voice voice = voice_.load(kRelaxed);
  if (voice == Voice::kHttp) return Known::kHttp;
  return voice == Voice::kTcp || count(Detection::kTimeout) > 0 ? Known::kTcp : Known::kNothing;
}
}  // namespace heddle
