// heddle_odd_world: preloaded into a program under test (LD_PRELOAD), it gives that one a slow disk and a wrong clock.
// HEDDLE_ODD_WORLD names a file of 8 bytes: by how many seconds the wall clock is off. Whoever holds an exclusive flock
// on it holds the disk: fsync and fdatasync wait for it, without a step of time in between. The monotonic clock is as
// it is. For e2e/odd_world_test.py; nothing that ships.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {
struct World {
  int file = -1;
  const volatile int64_t* seconds = nullptr;
};

const World& world() {
  static const World only = [] {
    World out;
    const char* path = std::getenv("HEDDLE_ODD_WORLD");
    if (path == nullptr) return out;
    out.file = ::open(path, O_RDONLY | O_CLOEXEC);
    void* map = out.file < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, out.file, 0);
    if (map != MAP_FAILED) out.seconds = static_cast<const volatile int64_t*>(map);
    return out;
  }();
  return only;
}

int64_t offset() { return world().seconds == nullptr ? 0 : *world().seconds; }

void wait_for_disk() {
  if (world().file < 0) return;
  ::flock(world().file, LOCK_SH);
  ::flock(world().file, LOCK_UN);
}

template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}
}  // namespace

extern "C" {
int fsync(int fd) {
  static auto* real = next<int(int)>("fsync");
  wait_for_disk();
  return real(fd);
}

int fdatasync(int fd) {
  static auto* real = next<int(int)>("fdatasync");
  wait_for_disk();
  return real(fd);
}

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static auto* real = next<int(clockid_t, timespec*)>("clock_gettime");
  int result = real(clock, out);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += offset();
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  int result = clock_gettime(CLOCK_REALTIME, &now);
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return result;
}
}
