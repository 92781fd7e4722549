#include "lib/base/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/base/cgroup.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

#ifdef __SANITIZE_ADDRESS__
extern "C" void __sanitizer_purge_allocator();  // NOLINT(bugprone-reserved-identifier): the sanitizer's malloc_trim
#endif

namespace heddle {
void give_back_free_memory() noexcept {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_purge_allocator();
#elif defined(__GLIBC__)
  malloc_trim(0);
#endif
}

std::optional<size_t> parse_memory_max(std::string_view text) {
  return parse_int<size_t>(text.substr(0, text.find('\n')));
}

std::optional<size_t> container_memory() {
  auto text = read_cgroup("memory.max");
  return text ? parse_memory_max(*text) : std::nullopt;
}

size_t available_memory() {
  size_t machine = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return std::min(machine, container_memory().value_or(machine));
}

size_t resident_memory() {
  auto text = read_file("/proc/self/statm", 256);  // pages: all, resident, ...
  if (!text) return 0;
  auto fields = split(*text, ' ');
  auto pages = fields.size() > 1 ? parse_int<size_t>(fields[1]) : std::nullopt;
  return pages.value_or(0) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

namespace {
constexpr uintptr_t kPage = 4096;

// What relocations change lies in segments that the file calls writable; those are left alone.
int release_segments(dl_phdr_info* object, size_t, void*) {
  if (std::string_view(object->dlpi_name).find("vdso") != std::string_view::npos) return 0;  // it has no file
  for (const auto& segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(kPage - 1);
    uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(kPage - 1);
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}
}  // namespace

void release_startup_pages() { dl_iterate_phdr(release_segments, nullptr); }
}  // namespace heddle
