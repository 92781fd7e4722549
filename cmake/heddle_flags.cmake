# Warnings are errors everywhere; sanitizers and the linker are chosen here and nowhere else.
add_library(heddle_flags INTERFACE)
target_compile_options(heddle_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer> -pthread)  # -pthread everywhere: the shared precompiled header wants the same macros
# g++ 12 invents these inside std::string and std::variant when it optimises (gcc.gnu.org PR105329, PR105651, PR105562)
# or adds sanitizers; ASan and valgrind find the real ones.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(heddle_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread -Wno-maybe-uninitialized)
  # Beside a precompiled header its collector looks through everything again and again: an eighth of the time.
  target_compile_options(heddle_flags INTERFACE "SHELL:--param ggc-min-heapsize=1000000")
else()  # clang++ compiles the fuzz targets and nothing else; g++ is who warns
  target_compile_options(heddle_flags INTERFACE -w)
endif()
target_include_directories(heddle_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(heddle_flags INTERFACE HEDDLE_VERSION="${PROJECT_VERSION}")
find_program(HEDDLE_LLD ld.lld)
if(HEDDLE_LLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)  # it does not read what g++ leaves for the linker
  add_link_options(-fuse-ld=lld)
endif()
# What nothing refers to is not linked: an idle sidecar's memory is mostly its own pages.
# Libraries are called through their addresses, which the start looks up and then write-protects.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections -fno-plt)
  add_link_options(-Wl,--gc-sections -Wl,-z,relro,-z,now)
endif()
# ADR 0015. Counts lie beside the objects; a file that was never run is compiled as without a profile.
if(HEDDLE_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate -fprofile-update=prefer-atomic)
  add_link_options(-fprofile-generate)
elseif(HEDDLE_PROFILE STREQUAL "use")
  add_compile_options(-fprofile-use -fprofile-correction -Wno-missing-profile -Wno-error=coverage-mismatch)
  add_link_options(-fprofile-use)
  # With a profile g++ copies by `rep movs`; libc's memcpy takes a third of the time for a TLS record.
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    add_compile_options(-mmemcpy-strategy=libcall:-1:noalign)
    add_link_options(-mmemcpy-strategy=libcall:-1:noalign)
  endif()
endif()
if(HEDDLE_SANITIZE)
  add_compile_options(-fsanitize=${HEDDLE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HEDDLE_SANITIZE})
endif()
# Every basic block of our code calls tests/support/work_hook.cc: the adversarial suite bounds what a case may cost.
if(HEDDLE_COUNT_WORK)
  add_library(heddle_work_hook STATIC ${CMAKE_SOURCE_DIR}/tests/support/work_hook.cc)
  target_include_directories(heddle_work_hook PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(heddle_flags INTERFACE -fsanitize-coverage=trace-pc)
  target_compile_definitions(heddle_flags INTERFACE HEDDLE_COUNT_WORK=1)
  target_link_libraries(heddle_flags INTERFACE heddle_work_hook)
endif()
if(HEDDLE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "HEDDLE_FUZZ needs clang++: use `./dev fuzz` or the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(HEDDLE_DEBUG_ASSERTS=1)
endif()
