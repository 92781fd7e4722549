// The numbers of control/kube. Constants only. Sources: client-go (reflector, leader election, token source) as told in
// the Kubernetes API conventions; the sizes are ours.
#pragma once
#include <cstddef>

#include "lib/base/clock.h"

namespace heddle {
inline constexpr size_t kMaxKubeObject =
    16 << 20;  // bytes of one object or event; etcd holds 1.5 MiB, JSON may escape six for one
inline constexpr size_t kMaxKubeAnswer = 64 << 20;  // bytes of one answer: a page of a list
inline constexpr size_t kKubePage = 250;  // objects of a list asked for at once; fewer where these are too large
inline constexpr size_t kMaxKubeObjects = 200'000;  // of one list
inline constexpr size_t kMaxKubeConfig = 1 << 20;   // bytes of a kubeconfig
inline constexpr size_t kMaxKubeToken = 64 * 1024;  // bytes of a bearer token, ours or one to be reviewed
inline constexpr Duration kKubeTokenPeriod = 50s;   // a token file is read again: within a minute
inline constexpr Duration kKubeQuiet = 30s;         // HTTP/2 without a byte: a PING
inline constexpr Duration kKubeAnswerToPing = 15s;  // without a byte after it: the connection is dead
inline constexpr Duration kKubeSilence = 100s;      // a watch without a byte; bookmarks come about once a minute
inline constexpr size_t kKubeSilentWatches = 5;     // in a row: all is listed anew
inline constexpr Duration kKubeWatchLeast = 300s;   // timeoutSeconds of a watch: from this to twice this
inline constexpr Duration kKubeHealthy = 2min;      // without a failure: the next one waits shortest again
inline constexpr size_t kMaxKubeCauses = 64;        // of a Status; the rest is not kept
}  // namespace heddle
